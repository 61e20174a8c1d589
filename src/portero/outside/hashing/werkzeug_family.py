"""Werkzeug (Flask): `scrypt:N:r:p$salt$hex` and `pbkdf2:algorithm:iterations$salt$hex`.

Checked by `werkzeug.security.check_password_hash` itself, once the cost is known to be sane.
"""

from __future__ import annotations

import re
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.outside.hashing.known import (
    MAX_MEMORY_KIB,
    MAX_PBKDF2_ITERATIONS,
    MAX_SCRYPT_WORK,
    KnownHash,
    bounded,
    parts,
)

_DIGESTS: Final = frozenset({"sha1", "sha256", "sha512"})
# Werkzeug gives scrypt too little memory for a smaller one, and so never made any.
_LEAST_N: Final = 2**10
_HEX: Final = re.compile(r"[0-9a-f]{40,256}")


def recognise(encoded: str) -> KnownHash | None:
    if not encoded.startswith(("scrypt:", "pbkdf2:")):
        return None
    method, salt, expected = parts(encoded, "$", 3)
    if not salt or _HEX.fullmatch(expected) is None:
        raise UnknownHashFormat("no Werkzeug salt and hash")
    memory_kib = _scrypt_memory(method) if method.startswith("scrypt") else _pbkdf2_memory(method)

    def check(password: str) -> bool:
        from werkzeug.security import check_password_hash

        return check_password_hash(encoded, password)

    return KnownHash(f"werkzeug-{method}", memory_kib, check)


def _scrypt_memory(method: str) -> int:
    _, n_text, r_text, p_text = parts(method, ":", 4)
    n = bounded(n_text, name="N", least=_LEAST_N, most=2**20)
    r = bounded(r_text, name="r", least=1, most=64)
    p = bounded(p_text, name="p", least=1, most=64)
    memory_kib = max(1, 128 * n * r // 1024)  # RFC 7914 §2
    if n & (n - 1) or memory_kib > MAX_MEMORY_KIB or n * r * p > MAX_SCRYPT_WORK:
        raise UnknownHashFormat(f"scrypt parameters {n}:{r}:{p} are out of bounds")
    return memory_kib


def _pbkdf2_memory(method: str) -> int:
    _, digest, iterations = parts(method, ":", 3)
    if digest not in _DIGESTS:
        raise UnknownHashFormat(f"PBKDF2 with {digest[:16]}")
    bounded(iterations, name="iterations", least=1, most=MAX_PBKDF2_ITERATIONS)
    return 1
