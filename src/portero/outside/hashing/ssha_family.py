"""LDAP directories: `{SSHA}` and base64 of SHA-1(password + salt) followed by the salt (RFC 2307
as OpenLDAP extends it). Far too quick to keep: upgraded at the first sign-in."""

from __future__ import annotations

import hashlib
from typing import Final

from portero.kit.secrets import same_secret
from portero.outside.hashing.known import KnownHash, from_base64

_PREFIX: Final = "{SSHA}"
_DIGEST_BYTES: Final = 20
_MOST_SALT_BYTES: Final = 64


def recognise(encoded: str) -> KnownHash | None:
    if encoded[: len(_PREFIX)].upper() != _PREFIX:  # RFC 2307 §5.3: any case
        return None
    raw = from_base64(
        encoded[len(_PREFIX) :],
        name="SSHA value",
        least=_DIGEST_BYTES + 1,
        most=_DIGEST_BYTES + _MOST_SALT_BYTES,
    )
    expected, salt = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]

    def check(password: str) -> bool:
        made = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
        return same_secret(made, expected)

    return KnownHash("ssha", 1, check)
