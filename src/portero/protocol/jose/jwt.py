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
