"""Which claims a scope or a `claims` request gives, and their values (OpenID Connect Core §5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

# §5.4. A scope gives its claims at the UserInfo endpoint; only what the account has is told.
SCOPE_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": (
        "name",
        "preferred_username",
        "picture",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
}
STANDARD_CLAIMS: Final = frozenset(name for names in SCOPE_CLAIMS.values() for name in names)
# Who says it, of whom, to whom, for how long, and how it was proven (RFC 7519 §4.1, RFC 9068 §2.2,
# RFC 7800 §3.1, RFC 8693 §4, OpenID Connect Core §2 and its logouts).
PROTOCOL_CLAIMS: Final = frozenset(
    {"sub", "iss", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "acr", "amr",
     "auth_time", "sid", "azp", "nonce", "at_hash", "c_hash", "s_hash", "cnf", "act", "may_act",
     "events", "authorization_details", "user_id", "org_id"}
)  # fmt: skip


def userinfo_claims(
    *, subject: str, scope: Collection[str], asked: Collection[str], known: Mapping[str, Any]
) -> dict[str, Any]:
    """The UserInfo answer. `asked` are claims beyond those of the standard scopes."""
    names = [name for each in scope for name in SCOPE_CLAIMS.get(each, ())]
    names += [name for name in asked if name != "sub"]
    return {"sub": subject, **_told(names, known)}


def id_token_claims(*, asked: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What the claims parameter asks for in the ID token itself (§5.5)."""
    return _told([name for name in asked if name in STANDARD_CLAIMS], known)


def _told(names: Collection[str], known: Mapping[str, Any]) -> dict[str, Any]:
    # §5.3.2: a claim without a value is left out, never null or ''.
    return {name: known[name] for name in names if known.get(name) not in (None, "")}
