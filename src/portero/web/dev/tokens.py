"""What is in a token, in words for somebody who sees one for the first time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_MOMENTS: Final = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})
_MEANINGS: Final = {
    "iss": "Who made it: this server. A client believes only the issuer that it asked.",
    "sub": "Whom it is about: this account, for ever, whatever it is called later.",
    "aud": "For whom it is. An ID token is for the client, an access token for an API.",
    "exp": "Until when it is good.",
    "iat": "When it was made.",
    "nbf": "Not good before.",
    "jti": "Its own number.",
    "nonce": "What the client sent with its request: nobody brought this token from elsewhere.",
    "at_hash": "Belongs to the access token beside it: the half of its hash.",
    "c_hash": "Belongs to the code beside it.",
    "auth_time": "When the person last proved who they are.",
    "acr": "How sure that is: aal1 is one factor, aal2 two, phr resists phishing.",
    "amr": "How they proved it (RFC 8176): pwd is a password, otp a code, hwk a key.",
    "sid": "The session that it belongs to: it ends with it.",
    "azp": "The client that it was made for.",
    "client_id": "The client that may use it.",
    "scope": "What it allows.",
    "status": "Where to ask whether it was revoked.",
    "name": "What others call this person.",
    "preferred_username": "The username: unique here, and it may change.",
    "email": "The mail address.",
    "email_verified": "Whether they proved that it is theirs.",
    "locale": "Their language.",
    "zoneinfo": "Their time zone.",
    "updated_at": "When these were last changed.",
    "alg": "How it is signed. The client fixed that at registration: the token does not choose.",
    "kid": "Which of the published keys signed it.",
    "typ": "What kind of token: at+jwt is an access token (RFC 9068).",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A token in parts. Nothing is checked here."""

    text: str
    header: list[tuple[str, str, str]]
    claims: list[tuple[str, str, str]]


def shown(token: str) -> Shown:
    """An opaque one has no parts to show."""
    parts = token.split(".")
    if len(parts) != 3:
        return Shown(token, [], [])
    header, claims = (json.loads(_decoded(part)) for part in parts[:2])
    return Shown(token, explained(header), explained(claims))


def explained(claims: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each; "" for what only the operator knows the meaning of."""
    return [(name, _told(name, value), _MEANINGS.get(name, "")) for name, value in claims.items()]


def checks_of(
    id_token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str
) -> list[tuple[str, bool]]:
    """What OpenID Connect Core §3.1.3.7 has a client check, each with its outcome."""
    claims = _verified(id_token, keys)
    return [
        (
            "The signature is of a key that this server publishes, and it has not expired",
            bool(claims),
        ),
        ("iss is the server that was asked", claims.get("iss") == issuer),
        ("aud is this client", claims.get("aud") in (client_id, [client_id])),
        ("nonce is the one that was sent", claims.get("nonce") == nonce),
    ]


def _verified(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The claims; none when the signature is of no published key, or the time is over."""
    import jwt  # the demo alone needs it

    header = jwt.get_unverified_header(token)
    by_kid = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys}
    key = by_kid.get(header.get("kid"))
    if key is None:
        return {}
    try:
        # Of the key's own algorithm: the header of a token must not choose one.
        found: dict[str, Any] = jwt.decode(
            token, key, algorithms=[key.algorithm_name], options={"verify_aud": False}
        )
    except jwt.InvalidTokenError:
        return {}
    return found


def _told(name: str, value: Any) -> str:
    if name in _MOMENTS and isinstance(value, int):
        moment = datetime.fromtimestamp(value, UTC)
        return f"{value} ({moment:%Y-%m-%d %H:%M:%S} UTC)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
