"""Keycloak: PBKDF2 and Argon2.

Keycloak exports two JSON documents per credential. Portero keeps what matters of them as

    keycloak$<algorithm>$<hashIterations>$<salt>$<value>
    keycloak$argon2id$v=19$m=<memory>,t=<hashIterations>,p=<parallelism>$<salt>$<value>

with `algorithm` as Keycloak names it (`pbkdf2` is SHA-1, `pbkdf2-sha256`, `pbkdf2-sha512`), and
`salt` and `value` in base64 as they stand in `secretData`; `v=19` is its version 1.3.
"""

from __future__ import annotations

import hashlib
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.kit.secrets import same_secret
from portero.outside.hashing import argon2id
from portero.outside.hashing.known import (
    MAX_PBKDF2_ITERATIONS,
    KnownHash,
    bounded,
    from_base64,
    parts,
)

_PREFIX: Final = "keycloak$"
_DIGESTS: Final = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}


def recognise(encoded: str) -> KnownHash | None:
    if not encoded.startswith(_PREFIX):
        return None
    rest = encoded.removeprefix(_PREFIX)
    if rest.startswith("argon2"):
        found = argon2id.parse_phc("$" + rest)
        return KnownHash(
            f"keycloak-{found.cost_label}",
            found.params.memory_kib,
            lambda password: found.matches(password.encode()),
        )
    return _pbkdf2(rest)


def _pbkdf2(rest: str) -> KnownHash:
    algorithm, iterations_text, salt_text, expected_text = parts(rest, "$", 4)
    digest = _DIGESTS.get(algorithm)
    if digest is None:
        raise UnknownHashFormat(f"Keycloak algorithm {algorithm[:16]!r}")
    expected = from_base64(expected_text, name="value", least=16, most=64)
    salt = from_base64(salt_text, name="salt", least=8)
    # A value longer than the digest takes one whole run per block (RFC 8018 §5.2).
    blocks = -(-len(expected) // hashlib.new(digest).digest_size)
    iterations = bounded(
        iterations_text, name="hashIterations", least=1, most=MAX_PBKDF2_ITERATIONS // blocks
    )

    def check(password: str) -> bool:
        made = hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations, len(expected))
        return same_secret(made, expected)

    return KnownHash(f"keycloak-{algorithm}:{iterations}x{blocks}", 1, check)
