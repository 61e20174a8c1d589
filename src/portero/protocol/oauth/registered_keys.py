"""Which of a client's own keys has to verify what it signed (RFC 7515 §4.1.4, RFC 8725 §3.10), and
which one is for encrypting to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.exceptions import InvalidKeyError

from portero.protocol.jose.algorithms import PublicKey
from portero.protocol.jose.jwk import public_key_of
from portero_guard.errors import TokenRefused
from portero_guard.jws import fits

_RSA: Final = frozenset({("RSA", None)})
_CURVES: Final = frozenset({("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("OKP", "X25519")})


def registered_key(kid: object, alg: str, jwks: Mapping[str, Any]) -> PublicKey:
    """The client's key of that name; without a name, its only key of the algorithm's kind. Raises
    `TokenRefused`: the signature is never tried against one key after the other."""
    named = [key for key in jwks.get("keys", ()) if kid is None or key.get("kid") == kid]
    usable = [key for key in named if key.get("use", "sig") == "sig" and key.get("alg", alg) == alg]
    loaded = [key for key in map(_loaded, usable) if key is not None]
    fitting = [key for key in loaded if fits(alg, key)]
    if len(fitting) != 1:
        raise TokenRefused("not exactly one registered key fits")
    return fitting[0]


def encryption_key(alg: str, jwks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The key that the client wants to be encrypted to by a JWE `alg`: its first one marked for
    that, else its first unmarked one; None without any. A key for signatures is never taken."""
    kinds = _RSA if alg.startswith("RSA") else _CURVES
    fitting = [
        key
        for key in jwks.get("keys", ())
        if key.get("use", "enc") == "enc"
        and key.get("alg", alg) == alg
        and (key.get("kty"), key.get("crv")) in kinds
    ]
    marked = [key for key in fitting if "use" in key]
    return next(iter([*marked, *fitting]), None)


def _loaded(key: Mapping[str, Any]) -> PublicKey | None:
    """None for a kind of key that is not known here, such as one for encryption: a JWK set may
    hold such keys, and they are passed over (RFC 7517 §5)."""
    try:
        return public_key_of(key)
    except (InvalidKeyError, UnsupportedAlgorithm, ValueError, KeyError):
        return None
