"""The one home of access-token checks: a text and `now` in, a checked token or a refusal out.

Pure: no clock, no socket, no cache. Portero itself calls these functions for its own endpoints,
and every framework's decorator ends here. Names carry trust: what is `unverified_...` was said by
the caller; a `CheckedToken` was said by the issuer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from portero_guard.claims import are_texts, audiences, seconds
from portero_guard.errors import (
    AuthenticationInsufficient,
    ScopeMissing,
    TokenExpired,
    TokenRefused,
)
from portero_guard.jws import PublicKey, check_signature, json_object, take_apart

__all__ = [
    "ALGORITHMS",
    "CheckedToken",
    "KeyFor",
    "PublicKey",
    "TokenExpired",
    "TokenRefused",
    "check_access_token",
    "check_claims",
    "require_acr",
    "require_recent",
    "require_scopes",
    "unverified_audience",
    "unverified_issuer",
]

# Asymmetric ones only: an API that can check a token must not be able to make one. `none` and the
# HMAC family are not "forbidden" here, they do not exist (RFC 8725 §3.2).
ALGORITHMS: Final = frozenset({"ES256", "RS256", "PS256", "EdDSA"})

# RFC 9068 §2.1 and §4: the type keeps an ID token from being taken for an access token.
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})

# RFC 9068 §2.2, beside iss and aud
_REQUIRED: Final = ("exp", "iat", "sub", "client_id", "jti")
_TEXTS: Final = ("sub", "client_id", "jti")

KeyFor = Callable[[str, str], PublicKey | None]


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """What the issuer said, checked for one audience. `session_id`, `auth_time`, `acr` and `amr`
    are there only where a person is behind the token. `key_id` is "" after introspection."""

    claims: Mapping[str, Any]
    issuer: str
    audience: str
    subject: str
    client_id: str
    scopes: frozenset[str]
    expires_at: datetime
    key_id: str
    session_id: str | None = None
    auth_time: datetime | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()


def check_access_token(
    unverified_token: str,
    *,
    key_for: KeyFor,
    expected_issuer: str,
    expected_audience: str,
    now: datetime,
    leeway_seconds: int = 0,
    algorithms: Collection[str] = ALGORITHMS,
) -> CheckedToken:
    """Check a JWT access token (RFC 9068 §4, RFC 8725).

    `key_for(kid, alg)` gives the issuer's published key of that name for that algorithm, or None.
    The header chooses among those keys and brings none: `jku`, `x5u`, `x5c` and `jwk` are never
    looked at (RFC 8725 §3.10). Raises `TokenRefused`, and `TokenExpired` only for a token that is
    good in every other respect.
    """
    jws = take_apart(unverified_token)
    kid, alg = _checked_header(jws.header, algorithms)
    key = key_for(kid, alg)
    if key is None:
        raise TokenRefused("no published key of this kid and algorithm")
    check_signature(jws, alg=alg, key=key)
    return check_claims(
        json_object(jws.payload),
        expected_issuer=expected_issuer,
        expected_audience=expected_audience,
        now=now,
        leeway_seconds=leeway_seconds,
        key_id=kid,
    )


def check_claims(
    genuine_claims: Mapping[str, Any],
    *,
    expected_issuer: str,
    expected_audience: str,
    now: datetime,
    leeway_seconds: int = 0,
    key_id: str = "",
    required: Iterable[str] = _REQUIRED,
) -> CheckedToken:
    """Check claims that came from the issuer for sure (signed, or by introspection): are they
    for us, and for now? The times come last, so that "expired" is only said of our own tokens."""
    claims = genuine_claims
    if claims.get("iss") != expected_issuer:
        raise TokenRefused("iss is another issuer")
    if expected_audience not in audiences(claims.get("aud")):
        raise TokenRefused("aud does not name this API")
    for name in required:
        if name not in claims:
            raise TokenRefused(f"{name} is missing")
    for name in _TEXTS:
        _text(claims, name)
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TokenRefused("scope is not a string")
    amr = claims.get("amr", [])
    if not are_texts(amr):
        raise TokenRefused("amr is not a list of strings")
    auth_time = seconds(claims, "auth_time")
    expires_at = _check_times(claims, now.timestamp(), leeway_seconds)
    return CheckedToken(
        claims=MappingProxyType(dict(claims)),
        issuer=expected_issuer,
        audience=expected_audience,
        subject=claims["sub"],
        client_id=claims["client_id"],
        scopes=frozenset(scope.split()),
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        key_id=key_id,
        session_id=_text(claims, "sid"),
        auth_time=None if auth_time is None else datetime.fromtimestamp(auth_time, UTC),
        acr=_text(claims, "acr"),
        amr=tuple(amr),
    )


def unverified_issuer(unverified_token: str) -> str:
    """Who the token says it is from: good for choosing among configured issuers, nothing else."""
    issuer = json_object(take_apart(unverified_token).payload).get("iss")
    if not isinstance(issuer, str):
        raise TokenRefused("iss is not a string")
    return issuer


def unverified_audience(unverified_token: str) -> str:
    """The one API that the token says it is for. Only for whoever issued it: an API that took its
    audience from the token would accept every token there is."""
    audience = json_object(take_apart(unverified_token).payload).get("aud")
    if not isinstance(audience, str):
        raise TokenRefused("aud is not one string")
    return audience


def require_scopes(checked: CheckedToken, expected_scopes: Iterable[str]) -> None:
    """Every expected scope was granted; else `ScopeMissing` that names them (RFC 6750 §3.1)."""
    expected = tuple(expected_scopes)
    if not checked.scopes.issuperset(expected):
        raise ScopeMissing("a scope is missing", parameters={"scope": " ".join(expected)})


def require_recent(checked: CheckedToken, *, max_age_seconds: int, now: datetime) -> None:
    """The person signed in at most so long ago; else `AuthenticationInsufficient` (RFC 9470 §3).
    A token with no sign-in behind it (client_credentials) is never recent."""
    signed_in = checked.auth_time
    if signed_in is None or (now - signed_in).total_seconds() > max_age_seconds:
        raise AuthenticationInsufficient(
            "auth_time is too old or missing", parameters={"max_age": str(max_age_seconds)}
        )


def require_acr(checked: CheckedToken, expected_acr: str | Iterable[str]) -> None:
    """The sign-in reached one of these levels, named exactly: no order among them is assumed. A
    string may hold several, separated by spaces. Else `AuthenticationInsufficient` (RFC 9470)."""
    expected = expected_acr.split() if isinstance(expected_acr, str) else list(expected_acr)
    if checked.acr not in expected:
        raise AuthenticationInsufficient(
            "acr is none of the expected", parameters={"acr_values": " ".join(expected)}
        )


def _checked_header(header: Mapping[str, Any], algorithms: Collection[str]) -> tuple[str, str]:
    """The header's kid and alg, once its type and extensions are those of an access token."""
    typ, alg, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise TokenRefused("typ is not that of an access token")
    if not isinstance(alg, str) or alg not in algorithms or alg not in ALGORITHMS:
        raise TokenRefused("alg is not an accepted one")
    if "crit" in header:  # RFC 7515 §4.1.11: we understand no extension, so none may be critical
        raise TokenRefused("crit names extensions that we do not have")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("kid is missing")
    return kid, alg


def _check_times(claims: Mapping[str, Any], now: float, leeway_seconds: int) -> float:
    """exp, nbf and iat against now; gives exp. At exp itself the token is over (RFC 7519 §4.1.4:
    "on or after")."""
    expires_at = seconds(claims, "exp")
    if expires_at is None:  # whatever else a caller of check_claims requires
        raise TokenRefused("exp is missing")
    for name in ("nbf", "iat"):
        begins = seconds(claims, name)
        if begins is not None and begins > now + leeway_seconds:
            raise TokenRefused(f"{name} is in the future")
    if now >= expires_at + leeway_seconds:
        raise TokenExpired("exp has passed")
    return expires_at


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that must be a non-empty string where it occurs."""
    value = claims.get(name)
    if name in claims and (not isinstance(value, str) or not value):
        raise TokenRefused(f"{name} is not a string")
    return value
