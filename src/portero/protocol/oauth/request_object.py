"""A request object by value: the request as a JWT that the client signed (RFC 9101).

Pure. What comes out is a `Parameters` made of the claims alone, so that whoever reads the request
next can't tell it from one that came in the query, and reads it by the same rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from portero.protocol.oauth.errors import InvalidRequest, InvalidRequestObject
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS, FAPI2_ALGS, HMAC_ALGS
from portero.protocol.oauth.parameters import Parameters
from portero.protocol.oauth.registered_keys import registered_key
from portero.protocol.oauth.secret_mac import check_mac
from portero.protocol.oauth.signed import SKEW_SECONDS, check_begun, checked_alg
from portero_guard.claims import audiences, seconds
from portero_guard.errors import TokenRefused
from portero_guard.jws import TOKEN_CAP, check_signature, decoded, json_object, take_apart

# FAPI 2.0 Message Signing §5.3.1: no longer in the past, and no longer until the end.
MAX_LIFETIME_SECONDS: Final = 3600
# RFC 8725 §3.11: an assertion, a DPoP proof or a logout token is no request. RFC 9101 §10.8 has a
# type of its own; OpenID Connect is older, and its libraries say JWT, or nothing.
_TYPES: Final = frozenset({"jwt", "oauth-authz-req+jwt"})
MAX_OBJECT_LENGTH: Final = TOKEN_CAP  # characters, of every JWT that is read here
_UNSIGNED: Final = "none"
_UNSECURED: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.")
_MAX_URI_LENGTH: Final = 512  # characters; OpenID Connect Core §6.2
# What the JWT says about itself; everything else is a parameter.
_CLAIMS_OF_THE_JWT: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
# RFC 8707 §2.1: several resources are a list of texts.
_MAY_REPEAT: Final = frozenset({"resource", "audience"})


def with_request_object(
    outer: Parameters,
    *,
    client_id: str,
    client: ClientMetadata,
    jwks: Mapping[str, Any],
    secret: bytes = b"",
    unsigned_allowed: bool = False,
    expected_issuer: str,
    now: datetime,
) -> Parameters:
    """The parameters that count: those of the request object where there is one, else `outer`.

    `client_id` is the client whose request this is; `jwks` are its keys, `secret` is that of a
    client that registered HMAC. `unsigned_allowed` is for certification: an object with `alg` none
    then counts as parameters that anybody may have written (OpenID Connect Core §6.1). Raises
    `InvalidRequest` and `InvalidRequestObject`. Outer parameters are not mixed in: they are what
    anybody can put beside a signed request (RFC 9101 §6.3).
    """
    unverified_object = outer.get("request")
    if unverified_object is None:
        if client.require_signed_request_object:
            raise InvalidRequest("This client has to send a signed request object.")  # §10.5
        return outer
    if "request_uri" in outer:
        raise InvalidRequest("request and request_uri were both sent.")
    if outer.get("client_id") not in {None, client_id}:
        raise InvalidRequest("client_id is another client's.")
    if unsigned_allowed and is_unsigned(unverified_object) and _may_leave_unsigned(client):
        return _unsigned_parameters(unverified_object, client_id, expected_issuer, now)
    return check_request_object(
        unverified_object,
        expected_client_id=client_id,
        expected_issuer=expected_issuer,
        jwks=jwks,
        secret=secret,
        algorithms=algorithms_of(client),
        expiry_required=client.require_signed_request_object,
        fapi=client.keeps_fapi2,
        now=now,
    )


def is_unsigned(unverified_object: str) -> bool:
    """An unsecured JWS has nothing after its second dot (RFC 7515 appendix A.5)."""
    return unverified_object.endswith(".")


def is_registered_uri(request_uri: str, client: ClientMetadata) -> bool:
    """Whether the client registered that address for its objects. A fragment names a version of
    the content (OpenID Connect Core §6.2), and need not have been registered."""
    if len(request_uri) > _MAX_URI_LENGTH:
        return False
    return bool({request_uri, request_uri.partition("#")[0]} & set(client.request_uris))


def unverified_key_id(unverified_object: str) -> object:
    """Which key it names, None for none: good for looking the key up, and nothing else. Raises
    `InvalidRequestObject`."""
    try:
        return take_apart(unverified_object).header.get("kid")
    except TokenRefused as refusal:
        raise InvalidRequestObject(f"refused: {refusal.detail}") from refusal


def algorithms_of(client: ClientMetadata) -> Collection[str]:
    """The one that it registered, else every asymmetric one that it may use. Never `none`, and HMAC
    only for whoever registered it."""
    if client.request_object_signing_alg:
        return frozenset({client.request_object_signing_alg}) - {_UNSIGNED}
    return FAPI2_ALGS if client.keeps_fapi2 else ASYMMETRIC_ALGS


def check_request_object(
    unverified_object: str,
    *,
    expected_client_id: str,
    expected_issuer: str,
    jwks: Mapping[str, Any],
    secret: bytes,
    algorithms: Collection[str],
    expiry_required: bool,
    fapi: bool,
    now: datetime,
) -> Parameters:
    """The parameters that the client signed; raises `InvalidRequestObject`, with the reason for
    the log.

    `expiry_required`: a client whose requests all are signed relies on old ones being worth
    nothing. `fapi` wants `nbf` beside `exp`, and an hour at most (Message Signing §5.3.1).
    """
    try:
        jws = take_apart(unverified_object)
        alg = checked_alg(jws.header, algorithms=algorithms, types=_TYPES)
        if alg in HMAC_ALGS:
            check_mac(jws, secret=secret)
        else:
            check_signature(jws, alg=alg, key=registered_key(jws.header.get("kid"), alg, jwks))
        claims = json_object(jws.payload)
        _check_parties(claims, expected_client_id, expected_issuer)
        _check_times(claims, now, expiry_required=expiry_required or fapi, fapi=fapi)
    except TokenRefused as refusal:
        raise InvalidRequestObject(f"refused: {refusal.detail}") from refusal
    return _parameters(claims)


def _may_leave_unsigned(client: ClientMetadata) -> bool:
    """Not who said how it signs, or that it does."""
    chosen = client.request_object_signing_alg in {"", _UNSIGNED}
    return chosen and not client.require_signed_request_object and not client.keeps_fapi2


def _unsigned_parameters(text: str, client_id: str, issuer: str, now: datetime) -> Parameters:
    """What it says of itself may be left out, and is not contradicted where it is there."""
    parts = _UNSECURED.fullmatch(text) if len(text) <= MAX_OBJECT_LENGTH else None
    if parts is None:
        raise InvalidRequestObject("not two parts of unpadded base64url and a dot")
    try:
        header, claims = (json_object(decoded(part)) for part in parts.groups())
        checked_alg(header, algorithms=(_UNSIGNED,), types=_TYPES)
        envelope = {"iss": client_id, "client_id": client_id, "aud": issuer}
        _check_parties({**envelope, **claims}, client_id, issuer)
        _check_times(claims, now, expiry_required=False, fapi=False)
    except TokenRefused as refusal:
        raise InvalidRequestObject(f"refused: {refusal.detail}") from refusal
    return _parameters(claims)


def _check_parties(claims: Mapping[str, Any], client_id: str, issuer: str) -> None:
    if claims.get("iss") != client_id or claims.get("client_id") != client_id:
        raise InvalidRequestObject("iss and client_id are not the client")
    if claims.get("sub") == client_id:
        # §10.8: else whoever sees a request in a browser could show it as a client assertion.
        raise InvalidRequestObject("it has the sub of a client assertion")
    if issuer not in audiences(claims.get("aud")):
        raise InvalidRequestObject("it is for somebody else")


def _check_times(
    claims: Mapping[str, Any], now: datetime, *, expiry_required: bool, fapi: bool
) -> None:
    moment, exp, nbf = now.timestamp(), seconds(claims, "exp"), seconds(claims, "nbf")
    if (exp is None and expiry_required) or (nbf is None and fapi):
        raise InvalidRequestObject("exp or nbf is missing")
    if exp is not None and moment >= exp + SKEW_SECONDS:
        raise InvalidRequestObject("it has expired")
    check_begun(claims, now)
    if fapi and exp is not None and nbf is not None:
        oldest = moment - MAX_LIFETIME_SECONDS - SKEW_SECONDS
        if nbf < oldest or exp - nbf > MAX_LIFETIME_SECONDS:
            raise InvalidRequestObject("it lives too long")


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """§4: texts are JSON strings, numbers JSON numbers; `claims` and `authorization_details` may be
    JSON themselves. A value of a type that nobody expects becomes JSON text, and is refused by
    whoever reads that parameter: dropped, it would silently mean the default."""
    if "request" in claims or "request_uri" in claims:
        raise InvalidRequestObject("a request within the request")
    found: dict[str, tuple[str, ...]] = {}
    for name, value in claims.items():
        if name in _CLAIMS_OF_THE_JWT or value is None:
            continue
        several = value if name in _MAY_REPEAT and isinstance(value, list) else [value]
        texts = tuple(one if isinstance(one, str) else _json(one) for one in several)
        if kept := tuple(text for text in texts if text):
            found[name] = kept
    return Parameters(found)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
