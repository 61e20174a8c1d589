"""Why registration refuses. What is wrong with metadata is `InvalidClientMetadata`'s to say."""

from __future__ import annotations

from portero.kit.refusals import Missing
from portero.protocol.oauth.errors import OAuthRefusal


class RegistrationTokenRefused(OAuthRefusal):
    """RFC 6750 §3.1: none was shown, or it is wrong, expired, spent, or another client's. Which of
    these is not told, nor whether there is such a client (RFC 7592 §2)."""

    code = "invalid_token"
    description = "The access token for this registration is missing or not valid."
    status = 401

    def __init__(self, detail: str, *, was_shown: bool) -> None:
        super().__init__(detail)
        self.was_shown = was_shown


class NoSuchInvitation(Missing):
    """No initial access token of that id."""

    code = "no_such_invitation"
    public = "There is no such invitation."
