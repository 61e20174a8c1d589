"""Secrets that do not print, and the one place where two secrets are compared."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

MASK: Final = "***"


class Secret:
    """A text that shows itself only when asked by name.

    `repr`, `str`, f-strings and logs print ``***``; `reveal()` gives the text. It is neither
    hashable nor comparable, so that nobody compares secrets in variable time by accident.
    """

    __slots__ = ("_text",)
    __hash__ = None  # type: ignore[assignment]  # hashing would put it into sets and caches

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        raise TypeError("compare secrets with same_secret()")

    def __bool__(self) -> bool:
        return bool(self._text)


def same_secret(given: str | bytes, expected: str | bytes) -> bool:
    """Compare in a time that does not depend on where the two differ.

    An empty expected value matches nothing: a NULL or '' in a table must never be a password
    (CVE-2026-34531).
    """
    given_bytes = given.encode() if isinstance(given, str) else given
    expected_bytes = expected.encode() if isinstance(expected, str) else expected
    return bool(expected_bytes) and hmac.compare_digest(given_bytes, expected_bytes)


def fingerprint(token: str) -> str:
    """SHA-256 of an opaque token, as 64 hex digits: what the database keeps instead of it.

    Only for secrets of 112 bits or more; shorter ones need a keyed hash (`Vault.mac`).
    """
    return hashlib.sha256(token.encode()).hexdigest()
