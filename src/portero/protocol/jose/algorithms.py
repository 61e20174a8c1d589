"""The signature algorithms that Portero knows (RFC 7518 §3.1, RFC 8037) and their keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

# bits; 2048 falls short of 128-bit strength (NIST SP 800-57 part 1, table 2)
RSA_KEY_SIZE: Final = 3072


class SigningAlg(StrEnum):
    """Asymmetric ones only: whoever can check a token must not be able to make one."""

    ES256 = "ES256"
    RS256 = "RS256"
    PS256 = "PS256"
    EDDSA = "EdDSA"


def fits(alg: SigningAlg, key: PrivateKey | PublicKey) -> bool:
    """Whether the key is of the kind that the algorithm needs (RFC 8725 §3.1)."""
    match alg:
        case SigningAlg.ES256:
            return isinstance(
                key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey
            ) and isinstance(key.curve, ec.SECP256R1)
        case SigningAlg.RS256 | SigningAlg.PS256:
            return isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) and key.key_size >= 2048
        case SigningAlg.EDDSA:
            return isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey)
