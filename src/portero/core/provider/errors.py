"""Why tokens are refused."""

from portero.kit.refusals import NotProven


class InvalidGrant(NotProven):
    """RFC 6749 §5.2: unknown, expired, revoked, or not this client's. Never says which."""

    code = "invalid_grant"
    public = "The refresh token is not valid any more. Sign in again."
