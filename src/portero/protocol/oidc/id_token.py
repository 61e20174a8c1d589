"""The claims of an ID token (OpenID Connect Core §2, §3.1.3.6)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

# Half of the hash that belongs to the signature's algorithm: all of ours use SHA-256, but Ed25519
# signs with SHA-512 (§3.1.3.6; RFC 8037 leaves it to the curve).
_HASHES: Final = {"EdDSA": hashlib.sha512}


def build_id_token(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    issued_at: int,
    lifetime_seconds: int,
    authentication: Mapping[str, Any],
    nonce: str,
    extra: Mapping[str, Any],
    access_token: str = "",
    alg: str,
) -> dict[str, Any]:
    """`authentication` has auth_time, acr, amr and sid; a claim of `extra` never replaces one of
    the protocol's own."""
    claims: dict[str, Any] = {
        **extra,
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "exp": issued_at + lifetime_seconds,
        "iat": issued_at,
        **authentication,
    }
    if nonce:
        claims["nonce"] = nonce
    if access_token:
        claims["at_hash"] = half_hash(access_token, alg=alg)
    return claims


def half_hash(text: str, *, alg: str) -> str:
    """at_hash, c_hash: the left half of the hash, base64url (§3.1.3.6)."""
    digest = _HASHES.get(alg, hashlib.sha256)(text.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
