"""Public keys as JWK (RFC 7517), their thumbprints (RFC 7638), and private keys as PKCS #8."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from portero.protocol.jose.algorithms import PrivateKey, PublicKey, SigningAlg, fits

# RFC 7638 §3.2 and RFC 8037 §2: the members that identify a key, in lexical order.
_THUMBPRINT_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}


def public_jwk(key: PublicKey, *, kid: str, alg: SigningAlg) -> dict[str, str]:
    """The JWK that is published: no private member can be in it, since it is made of a public
    key object."""
    return {**_bare_jwk(key), "kid": kid, "use": "sig", "alg": alg.value}


def public_key_of(jwk: Mapping[str, Any]) -> PublicKey:
    """The key object of a JWK of ours."""
    made: object
    match jwk["kty"]:
        case "EC":
            made = ECAlgorithm.from_jwk(dict(jwk))
        case "OKP":
            made = OKPAlgorithm.from_jwk(dict(jwk))
        case _:
            made = RSAAlgorithm.from_jwk(dict(jwk))
    return cast("PublicKey", made)


def thumbprint(key: PublicKey) -> str:
    """SHA-256 of the key's identifying members, base64url (RFC 7638)."""
    bare = _bare_jwk(key)
    members = {name: bare[name] for name in _THUMBPRINT_MEMBERS[bare["kty"]]}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def private_bytes(key: PrivateKey) -> bytes:
    """PKCS #8 in DER, unencrypted: only ever stored sealed."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_key_of(der: bytes, *, alg: SigningAlg) -> PrivateKey:
    """The key object from PKCS #8 that `private_bytes` made and nobody can have changed, since its
    seal is authenticated; ValueError when it is not of the algorithm's kind.

    Whether an RSA key's primes are prime is not asked again: that is a tenth of a second of each
    start. Never give it a key of somebody else's.
    """
    key = cast(
        PrivateKey,
        serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True),
    )
    if not fits(alg, key):
        raise ValueError(f"the stored key is not one for {alg}")
    return key


def _bare_jwk(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        made = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, rsa.RSAPublicKey):
        made = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        made = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        raise TypeError(f"no JWK for {type(key).__name__}")
    return {name: made[name] for name in _THUMBPRINT_MEMBERS[made["kty"]]}
