"""Every format that can be checked, asked in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.outside.hashing import (
    bcrypt_family,
    django_family,
    firebase_family,
    keycloak_family,
    ssha_family,
    werkzeug_family,
)
from portero.outside.hashing.argon2id import Argon2id
from portero.outside.hashing.known import MAX_ENCODED_CHARS, KnownHash

Family = Callable[[str], KnownHash | None]

# No two of them take the same beginning, so the order means nothing.
_FOREIGN: Final[tuple[Family, ...]] = (
    werkzeug_family.recognise,
    django_family.recognise,
    bcrypt_family.recognise,
    firebase_family.recognise,
    keycloak_family.recognise,
    ssha_family.recognise,
)


class Registry:
    def __init__(self, own: Argon2id) -> None:
        self._families: tuple[Family, ...] = (own.recognise, *_FOREIGN)

    def recognise(self, encoded: str) -> KnownHash:
        """What checks the encoding; raises `UnknownHashFormat`, never with the hash in it."""
        if len(encoded) > MAX_ENCODED_CHARS or not encoded.isascii():
            raise UnknownHashFormat("longer than any known hash, or not ASCII")
        for family in self._families:
            found = family(encoded)
            if found is not None:
                return found
        raise UnknownHashFormat("no known prefix")
