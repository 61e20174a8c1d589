"""Public keys as JWK (RFC 7517) and their thumbprints (RFC 7638). Pure."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from portero_guard.jws import PublicKey, fits

# Public members alone (RFC 7518 §6): whatever private part somebody leaks stays outside. In
# lexical order, because they are what a thumbprint is made of (RFC 7638 §3.2).
_KINDS: Final[Mapping[str, tuple[Any, tuple[str, ...], tuple[str, ...]]]] = {
    "EC": (ECAlgorithm, ("crv", "kty", "x", "y"), ("ES256",)),
    "RSA": (RSAAlgorithm, ("e", "kty", "n"), ("RS256", "PS256")),
    "OKP": (OKPAlgorithm, ("crv", "kty", "x"), ("EdDSA",)),
}


def verification_keys(jwk: Mapping[str, Any]) -> list[tuple[str, PublicKey]]:
    """The key with each algorithm that it is for; none when it is not for checking signatures."""
    kty, operations = jwk.get("kty"), jwk.get("key_ops", ["verify"])
    if not isinstance(kty, str) or kty not in _KINDS:
        return []
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list):
        return []
    loader, members, algorithms = _KINDS[kty]
    if "verify" not in operations or not all(isinstance(jwk.get(name), str) for name in members):
        return []
    try:
        key: PublicKey = loader.from_jwk({name: jwk[name] for name in members})
    except Exception:  # PyJWT raises many kinds; an unusable key is simply not there
        return []
    return [(alg, key) for alg in algorithms if jwk.get("alg", alg) == alg and fits(alg, key)]


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """SHA-256 of the members that identify a key, base64url. Only for a JWK that loads."""
    members = {name: jwk[name] for name in _KINDS[jwk["kty"]][1]}
    return base64url(sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def is_canonical(jwk: Mapping[str, Any], key: PublicKey) -> bool:
    """Whether the JWK spells the key as RFC 7518 §6 does: with leading zeros or stray bits one key
    would have several thumbprints."""
    loader, members, _ = _KINDS[jwk["kty"]]
    canonical = loader.to_jwk(key, as_dict=True)
    return all(jwk[name] == canonical[name] for name in members)


def base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
