"""Django: `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `argon2$argon2id$…`, `bcrypt_sha256$…`, `bcrypt$…`.

Written as Django's documentation "Password management in Django" gives them.
"""

from __future__ import annotations

import hashlib
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.kit.secrets import same_secret
from portero.outside.hashing import argon2id, bcrypt_family
from portero.outside.hashing.known import (
    MAX_PBKDF2_ITERATIONS,
    KnownHash,
    bounded,
    from_base64,
    parts,
)

_PBKDF2_DIGESTS: Final = {"pbkdf2_sha256": "sha256", "pbkdf2_sha1": "sha1"}


def recognise(encoded: str) -> KnownHash | None:
    algorithm, dollar, rest = encoded.partition("$")
    if not dollar:
        return None
    match algorithm:
        case "pbkdf2_sha256" | "pbkdf2_sha1":
            return _pbkdf2(encoded, _PBKDF2_DIGESTS[algorithm])
        case "argon2":
            return _argon2(rest)
        case "bcrypt":
            cost = bcrypt_family.cost_of(rest)
            return KnownHash(f"bcrypt:{cost}", 4, bcrypt_family.checker(rest, str.encode))
        case "bcrypt_sha256":
            cost = bcrypt_family.cost_of(rest)
            return KnownHash(f"bcrypt:{cost}", 4, bcrypt_family.checker(rest, _sha256_hex))
    return None


def _pbkdf2(encoded: str, digest: str) -> KnownHash:
    algorithm, iterations_text, salt, expected_text = parts(encoded, "$", 4)
    iterations = bounded(iterations_text, name="iterations", least=1, most=MAX_PBKDF2_ITERATIONS)
    size = hashlib.new(digest).digest_size
    expected = from_base64(expected_text, name="hash", least=size, most=size)
    if not salt:
        raise UnknownHashFormat("no salt")

    def check(password: str) -> bool:
        made = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), iterations)
        return same_secret(made, expected)

    return KnownHash(f"django-{algorithm}:{iterations}", 1, check)


def _argon2(phc: str) -> KnownHash:
    found = argon2id.parse_phc("$" + phc)

    def check(password: str) -> bool:
        return found.matches(password.encode())

    return KnownHash(f"django-{found.cost_label}", found.params.memory_kib, check)


def _sha256_hex(password: str) -> bytes:
    """What Django gives to bcrypt, so that passwords over 72 bytes count whole."""
    return hashlib.sha256(password.encode()).hexdigest().encode()
