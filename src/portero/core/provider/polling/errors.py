"""Why a person's answer is not taken."""

from portero.kit.refusals import NotProven


class FreshSignInNeeded(NotProven):
    """The application demands a newer or stronger sign-in than that of this session."""

    code = "fresh_sign_in_needed"
    public = "Sign in again to go on."

    def __init__(self, detail: str, *, acr: str, second_factor: bool, too_old: bool) -> None:
        """`acr` is the level that is demanded, '' for any; `second_factor`: one is, of any
        level."""
        super().__init__(detail)
        self.acr = acr
        self.second_factor = second_factor
        self.too_old = too_old
