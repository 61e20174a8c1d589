"""Why a person's answer is not taken."""

from portero.kit.refusals import NotProven


class FreshSignInNeeded(NotProven):
    """The application demands a newer or stronger sign-in than that of this session."""

    code = "fresh_sign_in_needed"
    public = "Sign in again to go on."
