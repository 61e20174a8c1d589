"""Signing a JWT over a key object (RFC 7515 compact serialization)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from portero.protocol.jose.algorithms import PrivateKey, SigningAlg


def sign(claims: Mapping[str, Any], *, key: PrivateKey, kid: str, alg: SigningAlg, typ: str) -> str:
    """A compact JWS. `typ` is explicit for every kind of token (RFC 8725 §3.11), so that one
    kind is never taken for another."""
    return jwt.encode(dict(claims), key, algorithm=alg.value, headers={"kid": kid, "typ": typ})


def sign_with_secret(claims: Mapping[str, Any], secret: bytes, *, typ: str) -> str:
    """HS256 with a secret that one client and this server share, for that client's eyes alone."""
    return jwt.encode(dict(claims), secret, algorithm="HS256", headers={"typ": typ})
