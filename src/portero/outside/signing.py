"""Making private keys: the one place where signing keys are born."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from portero.protocol.jose.algorithms import RSA_KEY_SIZE, PrivateKey, SigningAlg


class LocalKeyMaker:
    """Keys made by the operating system's generator through OpenSSL."""

    def make(self, alg: SigningAlg) -> PrivateKey:
        match alg:
            case SigningAlg.ES256:
                return ec.generate_private_key(ec.SECP256R1())
            case SigningAlg.RS256 | SigningAlg.PS256:
                return rsa.generate_private_key(public_exponent=65537, key_size=RSA_KEY_SIZE)
            case SigningAlg.EDDSA:
                return ed25519.Ed25519PrivateKey.generate()
