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
from portero_guard.errors import TokenRefused
from portero_guard.jws import check_signature, json_object, take_apart

_SKEW_SECONDS: Final = 30
# RFC 8725 §3.11: a token that was made for something else is no statement.
_TYPES: Final = frozenset({"jwt", "software-statement+jwt"})
# Of the JWT itself (RFC 7519 §4.1); everything else in it is metadata.
_OF_THE_JWT: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_TIMES: Final = ("exp", "nbf", "iat")


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
        alg = _checked_alg(jws.header)
        check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        claims = json_object(jws.payload)
    except TokenRefused as refusal:
        raise InvalidSoftwareStatement(refusal.detail) from refusal
    _check_audience(claims.get("aud"), expected_audience)
    _check_times(claims, now)
    return {name: value for name, value in claims.items() if name not in _OF_THE_JWT}


def _checked_alg(header: Mapping[str, Any]) -> str:
    alg, typ = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(alg, str) or alg not in ASYMMETRIC_ALGS:
        raise InvalidSoftwareStatement("alg is none that is accepted")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise InvalidSoftwareStatement("typ is that of something else")
    if "crit" in header:
        raise InvalidSoftwareStatement("critical extensions")
    return alg


def _check_audience(aud: object, expected: str) -> None:
    """A statement may leave it out: it is made for every server that trusts its issuer."""
    if aud is not None and expected not in (aud if isinstance(aud, list) else [aud]):
        raise InvalidSoftwareStatement("for another server")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    moment = now.timestamp()
    for name in _TIMES:
        value = claims.get(name, moment)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidSoftwareStatement(f"{name} is no number")
    if moment >= claims.get("exp", moment + 1) + _SKEW_SECONDS:
        raise InvalidSoftwareStatement("it has expired")
    if any(claims.get(name, moment) > moment + _SKEW_SECONDS for name in ("nbf", "iat")):
        raise InvalidSoftwareStatement("it is from the future")
