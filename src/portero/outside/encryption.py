"""JWE to clients (RFC 7516), by joserfc: there with the extra `jwe`. Nothing is decrypted here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def encrypt_to(jws: str, *, key: Mapping[str, Any], alg: str, enc: str) -> str:
    """A compact JWE of a signed JWT, to the owner of a public JWK (RFC 7519 §5.2)."""
    from joserfc import jwe
    from joserfc.jwk import import_key

    header = {"alg": alg, "enc": enc, "cty": "JWT"}
    if "kid" in key:
        header["kid"] = key["kid"]
    # The key's own `use` and `alg` were looked at when it was chosen.
    bare = {name: key[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in key}
    return jwe.encrypt_compact(header, jws, import_key(bare), algorithms=[alg, enc])
