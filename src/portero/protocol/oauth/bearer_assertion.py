"""An assertion as a grant (RFC 7523 §2.1, §3): a trusted issuer says who somebody is.

Pure: the trusted issuers and their keys are given, and whether an assertion was used before is for
the caller to find out (`jti`, one statement).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidGrant
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS
from portero.protocol.oauth.registered_keys import registered_key
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart

# An assertion is made for one request. Ten minutes forgive a wrong clock, and bound how long a
# spent `jti` has to be remembered.
MAX_LIFETIME_SECONDS: Final = 600
_SKEW_SECONDS: Final = 30
_MAX_LENGTH: Final = 255  # of `sub` and `jti`
# RFC 8725 §3.11: an ID token, an access token or a client assertion of that issuer is no grant.
_TYPES: Final = frozenset({"jwt", "authorization-grant+jwt"})


@dataclass(frozen=True, slots=True)
class BearerAssertion:
    """Signed by a trusted issuer, for us, and in time. Whether it is fresh, and whether there is
    such an account, is not known yet. `expires_at`: until then its `jti` has to be remembered."""

    issuer: str
    subject: str
    jti: str
    expires_at: datetime


def check_bearer_assertion(
    unverified_assertion: str,
    *,
    trusted: Mapping[str, Mapping[str, Any]],
    expected_audiences: Collection[str],
    now: datetime,
) -> BearerAssertion:
    """`trusted` are JWK sets by issuer. Raises `InvalidGrant` (§3.1), the reason for the log."""
    try:
        jws = take_apart(unverified_assertion)
        unverified_issuer = json_object(jws.payload).get("iss")
        jwks = trusted.get(unverified_issuer) if isinstance(unverified_issuer, str) else None
        if jwks is None:
            raise InvalidGrant("iss is no trusted issuer")
        alg = _checked_alg(jws.header)
        check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        return _checked_claims(jws, expected_audiences, now)
    except TokenRefused as refusal:
        raise InvalidGrant(f"the assertion was refused: {refusal.detail}") from refusal


def _checked_alg(header: Mapping[str, Any]) -> str:
    alg, typ = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(alg, str) or alg not in ASYMMETRIC_ALGS:
        raise InvalidGrant("the assertion's alg is none that is accepted")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise InvalidGrant("the assertion's typ is that of something else")
    if "crit" in header:
        raise InvalidGrant("the assertion names critical extensions")
    return alg


def _checked_claims(
    jws: UnverifiedJws, audiences: Collection[str], now: datetime
) -> BearerAssertion:
    claims = json_object(jws.payload)
    aud = claims.get("aud")
    named = aud if isinstance(aud, list) else [aud]
    # One audience: an assertion that is good at two servers can be replayed by one at the other.
    if len(named) != 1 or not isinstance(named[0], str) or named[0] not in audiences:
        raise InvalidGrant("the assertion is for somebody else")
    return BearerAssertion(
        _text(claims, "iss"), _text(claims, "sub"), _text(claims, "jti"), _checked_end(claims, now)
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_LENGTH:
        raise InvalidGrant(f"the assertion has no usable {name}")
    return value


def _checked_end(claims: Mapping[str, Any], now: datetime) -> datetime:
    moment = now.timestamp()
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidGrant(f"the assertion's {name} is no number")
    exp = claims.get("exp", 0)
    if not moment < exp + _SKEW_SECONDS:  # so that NaN is refused too
        raise InvalidGrant("the assertion has expired, or never would")
    if exp > moment + MAX_LIFETIME_SECONDS + _SKEW_SECONDS:
        raise InvalidGrant("the assertion lives too long")
    if any(claims.get(name, 0) > moment + _SKEW_SECONDS for name in ("iat", "nbf")):
        raise InvalidGrant("the assertion is from the future")
    return datetime.fromtimestamp(exp + _SKEW_SECONDS, UTC)
