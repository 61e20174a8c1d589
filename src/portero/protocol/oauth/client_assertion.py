"""A client proves itself with a signed assertion (RFC 7523 §2.2 and §3, OpenID Connect Core §9).

Two functions for two methods, `private_key_jwt` and `client_secret_jwt`. The caller chooses by
what the client registered: a token never chooses how it is checked (RFC 8725 §3.1).

Pure: the keys are those that the client registered, and whether the assertion was used before is
for the caller to find out (`jti`, one statement).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.registered_keys import registered_key
from portero.protocol.oauth.secret_mac import check_mac
from portero.protocol.oauth.signed import check_one_audience, checked_alg, checked_end
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
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
        alg = checked_alg(jws.header, algorithms=algorithms, types=_TYPES)
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
        checked_alg(jws.header, algorithms=(_HMAC_ALG,), types=_TYPES)
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
    check_one_audience(claims, audiences)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_LENGTH:
        raise InvalidClient("the assertion has no usable jti")
    return CheckedAssertion(client_id, jti, checked_end(claims, now))
