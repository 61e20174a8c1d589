"""An assertion as a grant (RFC 7523 §2.1, §3): a trusted issuer says who somebody is.

Pure: the trusted issuers and their keys are given, and whether an assertion was used before is for
the caller to find out (`jti`, one statement).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidGrant
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS
from portero.protocol.oauth.registered_keys import registered_key
from portero.protocol.oauth.signed import check_one_audience, checked_alg, checked_end
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart

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
        alg = checked_alg(jws.header, algorithms=ASYMMETRIC_ALGS, types=_TYPES)
        check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        return _checked_claims(jws, expected_audiences, now)
    except TokenRefused as refusal:
        raise InvalidGrant(f"the assertion was refused: {refusal.detail}") from refusal


def _checked_claims(
    jws: UnverifiedJws, audiences: Collection[str], now: datetime
) -> BearerAssertion:
    claims = json_object(jws.payload)
    check_one_audience(claims, audiences)
    return BearerAssertion(
        _text(claims, "iss"), _text(claims, "sub"), _text(claims, "jti"), checked_end(claims, now)
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_LENGTH:
        raise InvalidGrant(f"the assertion has no usable {name}")
    return value
