"""Which of a client's own keys has to verify what it signed (RFC 7515 §4.1.4, RFC 8725 §3.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.exceptions import InvalidKeyError

from portero.protocol.jose.algorithms import PublicKey
from portero.protocol.jose.jwk import public_key_of
from portero_guard.errors import TokenRefused
from portero_guard.jws import fits


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


def _loaded(key: Mapping[str, Any]) -> PublicKey | None:
    """None for a kind of key that is not known here, such as one for encryption: a JWK set may
    hold such keys, and they are passed over (RFC 7517 §5)."""
    try:
        return public_key_of(key)
    except (InvalidKeyError, UnsupportedAlgorithm, ValueError, KeyError):
        return None
