"""Why a person's answer is not taken."""

from portero.kit.refusals import NotProven


class FreshSignInNeeded(NotProven):
    """The application demands a newer or stronger sign-in than that of this session."""

    code = "fresh_sign_in_needed"
    public = "Sign in again to go on."

    def __init__(self, detail: str, *, acr: str, too_old: bool) -> None:
        """`acr` is the level that is demanded, '' for any."""
        super().__init__(detail)
        self.acr = acr
        self.too_old = too_old
