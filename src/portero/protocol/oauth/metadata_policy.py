"""What this server lets clients register. Discovery advertises from the same value, so that it
can't promise what registration refuses (RFC 8414 §2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.oauth.profiles import FAPI2_PROFILES


class AuthMethod(StrEnum):
    """How a client proves itself at the token endpoint; it registers one, and no other counts."""

    NONE = "none"
    SECRET_BASIC = "client_secret_basic"  # noqa: S105  # the name of a method
    SECRET_POST = "client_secret_post"  # noqa: S105
    SECRET_JWT = "client_secret_jwt"  # noqa: S105
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


SECRET_METHODS: Final = frozenset(
    {AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST, AuthMethod.SECRET_JWT}
)


class GrantType(StrEnum):
    """The grants that a client may register for. `password` is not among them (RFC 9700 §2.4)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # the name of a grant
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    CIBA = "urn:openid:params:grant-type:ciba"


# HMAC needs a secret that both sides know: only for clients that have one, never for public ones.
HMAC_ALGS: Final = frozenset({"HS256"})
ASYMMETRIC_ALGS: Final = frozenset(alg.value for alg in SigningAlg)
# FAPI 2.0 Security Profile §5.4.1.
FAPI2_ALGS: Final = frozenset({"PS256", "ES256", "EdDSA"})


def usual_signing_alg(profile: str) -> SigningAlg:
    """What is signed for a client that registered no algorithm for it: RS256 (OpenID Connect
    Registration §2, JARM §3, RFC 9701 §6), which FAPI 2.0 §5.4.1 does not allow: there it is
    ES256."""
    return SigningAlg.ES256 if profile in FAPI2_PROFILES else SigningAlg.RS256


# How a client hears that its person has answered (CIBA §5). Not `push`: it would hand tokens to
# whoever listens at an address, and no proof of possession goes with it.
DELIVERY_MODES: Final = ("poll", "ping")

# What the JWE extra can do. RSA1_5 is left out: it has padding oracles (RFC 8725 §3.2).
JWE_ALGS: Final = frozenset(
    {"RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"}
)
JWE_ENCS: Final = frozenset({"A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"})


@dataclass(frozen=True, slots=True)
class MetadataPolicy:
    """The defaults are those of a server without the JWE extra and without relaxations.

    `pkce_waivable`: whether a confidential client may register `require_pkce: false` (an operator
    may let it; who registers on its own may not). `unsigned_request_objects` is for certification
    alone. `local`: the issuer is on loopback, so that URIs which it fetches may be http there.
    `profile` is the server's own, kept for every client. `second_factor`: somebody can prove one
    here; `second_factor_clients` are those of which the operator demands it.
    """

    auth_methods: frozenset[str] = frozenset(AuthMethod)
    grant_types: frozenset[str] = frozenset(GrantType)
    # RFC 9700 §2.1.2: no response type that hands a token through the browser.
    response_types: frozenset[str] = frozenset({"code"})
    signing_algs: frozenset[str] = ASYMMETRIC_ALGS
    hmac_algs: frozenset[str] = HMAC_ALGS
    client_signing_algs: frozenset[str] = ASYMMETRIC_ALGS
    encryption_algs: frozenset[str] = frozenset()
    encryption_encs: frozenset[str] = frozenset()
    subject_types: frozenset[str] = frozenset({"public", "pairwise"})
    pkce_waivable: bool = True
    unsigned_request_objects: bool = False
    local: bool = False
    profile: str = ""
    second_factor: bool = True
    second_factor_clients: frozenset[str] = frozenset()
