"""A client proves itself with a signed assertion (RFC 7523 §2.2 and §3, OpenID Connect Core §9).

Two functions for two methods, `private_key_jwt` and `client_secret_jwt`. The caller chooses by
what the client registered: a token never chooses how it is checked (RFC 8725 §3.1).

Pure: the keys are those that the client registered, and whether the assertion was used before is
for the caller to find out (`jti`, one statement).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.registered_keys import registered_key
from portero.protocol.oauth.secret_mac import check_mac
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# An assertion is made for one request. Ten minutes forgive a wrong clock, and bound how long a
# spent `jti` has to be remembered.
MAX_LIFETIME_SECONDS: Final = 600
_SKEW_SECONDS: Final = 30
_MAX_JTI_LENGTH: Final = 256
_HMAC_ALG: Final = "HS256"
# RFC 8725 §3.11: what was made for something else (a request object, a DPoP proof, an ID token
# with a type of its own) is no assertion. Most libraries still say JWT, or nothing.
_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})


@dataclass(frozen=True, slots=True)
class CheckedAssertion:
    """Signed by the client, for us, and in time. Whether it is fresh is not known yet."""

    client_id: str
    jti: str
    expires_at: datetime


def unverified_subject(unverified_assertion: str) -> str:
    """Which client it says it is from: good for looking that client up, and nothing else."""
    try:
        subject = json_object(take_apart(unverified_assertion).payload).get("sub")
    except TokenRefused as refusal:
        raise InvalidClient(f"the assertion is malformed: {refusal.detail}") from refusal
    if not isinstance(subject, str) or not subject:
        raise InvalidClient("the assertion has no sub")
    return subject


def unverified_key_id(unverified_assertion: str) -> object:
    """Which key it names, None for none: good for looking the key up, and nothing else."""
    try:
        return take_apart(unverified_assertion).header.get("kid")
    except TokenRefused as refusal:
        raise InvalidClient(f"the assertion is malformed: {refusal.detail}") from refusal


def check_client_assertion(
    unverified_assertion: str,
    *,
    expected_client_id: str,
    expected_audiences: Collection[str],
    jwks: Mapping[str, Any],
    algorithms: Collection[str],
    now: datetime,
) -> CheckedAssertion:
    """`private_key_jwt`. Raises `InvalidClient` for everything that is wrong, with the reason for
    the log."""
    try:
        jws = take_apart(unverified_assertion)
        alg = _checked_alg(jws.header, algorithms)
        check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        return _checked_claims(jws, expected_client_id, expected_audiences, now)
    except TokenRefused as refusal:
        raise InvalidClient(f"the assertion was refused: {refusal.detail}") from refusal


def check_secret_assertion(
    unverified_assertion: str,
    *,
    expected_client_id: str,
    expected_audiences: Collection[str],
    secret: bytes,
    now: datetime,
) -> CheckedAssertion:
    """`client_secret_jwt`: HMAC with the client's secret (OpenID Connect Core §10.1). Raises
    `InvalidClient`."""
    try:
        jws = take_apart(unverified_assertion)
        _checked_alg(jws.header, (_HMAC_ALG,))
        check_mac(jws, secret=secret)
        return _checked_claims(jws, expected_client_id, expected_audiences, now)
    except TokenRefused as refusal:
        raise InvalidClient(f"the assertion was refused: {refusal.detail}") from refusal


def _checked_claims(
    jws: UnverifiedJws, client_id: str, audiences: Collection[str], now: datetime
) -> CheckedAssertion:
    """RFC 7523 §3, once the signature is known to be the client's."""
    claims = json_object(jws.payload)
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise InvalidClient("iss and sub of the assertion are not the client")
    _check_audience(claims.get("aud"), audiences)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_LENGTH:
        raise InvalidClient("the assertion has no usable jti")
    return CheckedAssertion(client_id, jti, _checked_expiry(claims, now))


def _checked_alg(header: Mapping[str, Any], algorithms: Collection[str]) -> str:
    alg, typ = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(alg, str) or alg not in algorithms:
        raise InvalidClient("the assertion's alg is not one that the client may use")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise InvalidClient("the assertion's typ is that of something else")
    if "crit" in header:
        raise InvalidClient("the assertion names critical extensions")
    return alg


def _check_audience(aud: object, expected: Collection[str]) -> None:
    named = [aud] if isinstance(aud, str) else aud
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise InvalidClient("the assertion's aud is malformed")
    # One audience: an assertion that is good at two servers can be replayed by one at the other.
    if len(named) != 1 or named[0] not in expected:
        raise InvalidClient("the assertion is for somebody else")


def _checked_expiry(claims: Mapping[str, Any], now: datetime) -> datetime:
    moment = now.timestamp()
    times: dict[str, Any] = {n: claims[n] for n in ("exp", "iat", "nbf") if n in claims}
    for name, value in times.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidClient(f"the assertion's {name} is no number")
    exp = times.get("exp", 0)
    if moment >= exp + _SKEW_SECONDS:
        raise InvalidClient("the assertion has expired, or never would")
    if exp > moment + MAX_LIFETIME_SECONDS + _SKEW_SECONDS:
        raise InvalidClient("the assertion lives too long")
    if any(times.get(name, 0) > moment + _SKEW_SECONDS for name in ("iat", "nbf")):
        raise InvalidClient("the assertion is from the future")
    return datetime.fromtimestamp(exp + _SKEW_SECONDS, UTC)
