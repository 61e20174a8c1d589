"""Software statements (RFC 7591 §2.3): metadata that somebody whom the operator trusts has signed.

Pure: the trusted issuers and their keys are given. Nothing in a statement chooses a key by URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS
from portero.protocol.oauth.registered_keys import registered_key
from portero.protocol.oauth.signed import SKEW_SECONDS, check_begun, checked_alg
from portero_guard.claims import audiences, seconds
from portero_guard.errors import TokenRefused
from portero_guard.jws import check_signature, json_object, take_apart

# RFC 8725 §3.11: a token that was made for something else is no statement.
_TYPES: Final = frozenset({"jwt", "software-statement+jwt"})
# Of the JWT itself (RFC 7519 §4.1); everything else in it is metadata.
_OF_THE_JWT: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


class InvalidSoftwareStatement(OAuthRefusal):
    """RFC 7591 §3.2.2: forged, malformed or out of date."""

    code = "invalid_software_statement"
    description = "The software statement is not valid."


class UnapprovedSoftwareStatement(OAuthRefusal):
    """RFC 7591 §3.2.2: perhaps genuine, and from nobody who is trusted here."""

    code = "unapproved_software_statement"
    description = "The software statement is from nobody who is trusted here."


def checked_statement(
    unverified_statement: object,
    *,
    trusted: Mapping[str, Mapping[str, Any]],
    expected_audience: str,
    now: datetime,
) -> dict[str, Any]:
    """The metadata in a statement; `trusted` are JWK sets by issuer. Raises the two refusals."""
    if not isinstance(unverified_statement, str):
        raise InvalidSoftwareStatement("not a string")
    try:
        jws = take_apart(unverified_statement)
        unverified_issuer = json_object(jws.payload).get("iss")
        jwks = trusted.get(unverified_issuer) if isinstance(unverified_issuer, str) else None
        if jwks is None:
            raise UnapprovedSoftwareStatement("iss is no trusted issuer")
        alg = checked_alg(jws.header, algorithms=ASYMMETRIC_ALGS, types=_TYPES)
        check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        claims = json_object(jws.payload)
        _check_audience(claims.get("aud"), expected_audience)
        _check_times(claims, now)
    except TokenRefused as refusal:
        raise InvalidSoftwareStatement(refusal.detail) from refusal
    said = {name: value for name, value in claims.items() if name not in _OF_THE_JWT}
    if not said:
        # An assertion about a person, of an issuer that makes both.
        raise InvalidSoftwareStatement("it says nothing of any software")
    return said


def _check_audience(aud: object, expected: str) -> None:
    """A statement may leave it out: it is made for every server that trusts its issuer."""
    if aud is not None and expected not in audiences(aud):
        raise TokenRefused("for another server")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    exp = seconds(claims, "exp")
    if exp is not None and now.timestamp() >= exp + SKEW_SECONDS:
        raise TokenRefused("it has expired")
    check_begun(claims, now)
