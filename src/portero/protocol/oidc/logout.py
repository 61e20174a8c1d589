"""Logout: the claims of a logout token, and the address of a front-channel frame."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

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


def with_query(uri: str, **values: str) -> str:
    """The registered URI, with what it has as a query and these values."""
    if not values:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}"
