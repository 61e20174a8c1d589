"""Logout: the claims of a logout token."""

from __future__ import annotations

from typing import Any, Final

LOGOUT_TOKEN_TYPE: Final = "logout+jwt"  # noqa: S105  # Back-Channel Logout 1.0 §2.4: a type
# §2.4 wants it short (2 minutes at most): the token is made when it is sent.
LOGOUT_TOKEN_SECONDS: Final = 120
_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def logout_token_claims(
    *, issuer: str, client_id: str, subject: str, session_id: str, token_id: str, issued_at: int
) -> dict[str, Any]:
    """§2.4. Never a nonce, so that it can't pass for an ID token."""
    return {
        "iss": issuer,
        "aud": client_id,
        "sub": subject,
        "sid": session_id,
        "iat": issued_at,
        "exp": issued_at + LOGOUT_TOKEN_SECONDS,
        "jti": token_id,
        "events": {_EVENT: {}},
    }
