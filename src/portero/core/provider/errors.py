"""Why tokens are refused."""

from portero.kit.refusals import Missing, NotProven, Refusal


class RefreshRefused(NotProven):
    """RFC 6749 §5.2: unknown, expired, revoked, or not this client's. Never says which."""

    code = "invalid_grant"
    public = "The refresh token is not valid any more. Sign in again."


class UnknownClient(Refusal):
    """No such client, or a disabled one: nobody to send an answer to."""

    code = "unknown_client"
    public = "The application that sent you here is not known."


class UnusableReturnAddress(Refusal):
    """The answer has nowhere to go, so the person is told instead (RFC 6749 §4.1.2.1)."""

    code = "unusable_return_address"
    public = "The application that sent you here made a mistake: %(why)s"


class WaitingRequestOver(Refusal):
    """Finished elsewhere, expired, or begun in another browser."""

    code = "request_over"
    public = "This page is too old. Go back to the application and start again."


class NotConnected(Missing):
    """That application was not let in, or is out already."""

    code = "not_connected"
    public = "This application is not connected to your account."
