"""Keys derived from SECRET_KEY, and values sealed with them.

SECRET_KEY itself never signs, encrypts or hashes anything: each purpose has a key of its own
(HKDF-SHA256, RFC 5869), so that a weakness in one use says nothing about another. The first key
seals; `SECRET_KEY_FALLBACKS` still open, until `portero keys reencrypt` has sealed all anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portero.kit.secrets import Secret

_SEAL_PURPOSE: Final = "seal"
_NONCE_BYTES: Final = 12  # 96 bits, NIST SP 800-38D §8.2.2: random nonces, far below 2^32 uses


class Unsealable(Exception):
    """The value was sealed under a key that is no longer configured, or it was altered."""


class Vault:
    """The keys that come from SECRET_KEY (first) and its fallbacks."""

    def __init__(self, secret_keys: Sequence[Secret]) -> None:
        if not secret_keys:
            raise ValueError("a vault needs SECRET_KEY")
        self._roots = tuple(key.reveal().encode() for key in secret_keys)
        self._ciphers = {_key_id(key): AESGCM(key) for key in self.keys(_SEAL_PURPOSE)}
        self.key_id = next(iter(self._ciphers))

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The 256-bit keys for a purpose: the present one first, then the fallbacks'."""
        return tuple(_derive(root, purpose) for root in self._roots)

    def mac(self, purpose: str, *parts: str) -> str:
        """HMAC-SHA256 of the parts under the purpose's present key, as 64 hex digits."""
        return self.macs(purpose, *parts)[0]

    def macs(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """The same under each configured key, the present one first: for looking things up."""
        # Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.
        message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return tuple(
            hmac.new(key, message, hashlib.sha256).hexdigest() for key in self.keys(purpose)
        )

    def seal(self, plaintext: bytes, *, context: str) -> str:
        """Encrypt with AES-256-GCM. `context` says what and whose it is, and must be given again
        to open it, so that a sealed value can't be moved to another row."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self.key_id].encrypt(nonce, plaintext, context.encode())
        return f"{self.key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, context: str) -> bytes:
        """The plaintext; raises `Unsealable` when altered, moved, or under an unknown key."""
        key_id, _, body = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unsealable(f"sealed under key {key_id!r}, which is not configured")
        try:
            raw = base64.urlsafe_b64decode(body)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise Unsealable("the sealed value was altered, or belongs elsewhere") from error


@lru_cache(maxsize=256)
def _derive(root: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"portero/{purpose}".encode()).derive(root)


def _key_id(key: bytes) -> str:
    """Eight hex digits that name a key without giving anything of it away."""
    return hashlib.sha256(b"portero key id" + key).hexdigest()[:8]
