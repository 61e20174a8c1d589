"""Why the page of a device says no."""

from portero.kit.refusals import Invalid


class UserCodeUnknown(Invalid):
    """Never told, expired, decided already, or of a client that is gone. Never says which."""

    code = "user_code_unknown"
    public = "This code is not known, or too old. Look at your device again."
