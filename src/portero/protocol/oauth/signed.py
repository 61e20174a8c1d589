"""What everything that a client or a trusted issuer signs has to say of itself: its type, for whom
it is, and when.

Pure. The caller names algorithms and types: a token never chooses how it is checked (RFC 8725
§3.1). Each function raises `TokenRefused`, for the caller to put into its endpoint's words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from portero_guard.claims import audiences, seconds
from portero_guard.errors import TokenRefused

# An assertion is made for one request. Ten minutes forgive a wrong clock, and bound how long a
# spent `jti` has to be remembered.
ASSERTION_LIFETIME_SECONDS: Final = 600
SKEW_SECONDS: Final = 30


def checked_alg(
    header: Mapping[str, Any], *, algorithms: Collection[str], types: Collection[str]
) -> str:
    """The algorithm, once the header is that of such a thing.

    `types` are in lower case and without `application/`; what says nothing of its type is a plain
    `jwt`. What was made for something else is not taken, whoever signed it (RFC 8725 §3.11).
    """
    alg, typ = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(alg, str) or alg not in algorithms:
        raise TokenRefused("alg is not an accepted one")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in types:
        raise TokenRefused("typ is that of something else")
    if "crit" in header:  # RFC 7515 §4.1.11: we have no extension, so none may be critical
        raise TokenRefused("critical extensions")
    return alg


def check_one_audience(claims: Mapping[str, Any], expected: Collection[str]) -> None:
    """One, and ours: an assertion that is good at two servers can be replayed by one at the
    other."""
    named = audiences(claims.get("aud"))
    if len(named) != 1 or named[0] not in expected:
        raise TokenRefused("it is for somebody else")


def checked_end(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Until when an assertion is good (RFC 7523 §3): it has an end, and a near one."""
    moment, exp = now.timestamp(), seconds(claims, "exp")
    if exp is None or moment >= exp + SKEW_SECONDS:
        raise TokenRefused("it has expired, or never would")
    if exp > moment + ASSERTION_LIFETIME_SECONDS + SKEW_SECONDS:
        raise TokenRefused("it lives too long")
    check_begun(claims, now)
    return datetime.fromtimestamp(exp + SKEW_SECONDS, UTC)


def check_begun(claims: Mapping[str, Any], now: datetime) -> None:
    """It is not from the future, by `iat` or `nbf`."""
    for name in ("iat", "nbf"):
        if (seconds(claims, name) or 0) > now.timestamp() + SKEW_SECONDS:
            raise TokenRefused("it is from the future")
