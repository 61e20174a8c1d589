"""Firebase Authentication's modified scrypt.

Firebase exports a hash and a salt per user, and four parameters per project. Portero keeps all in
one string, fields in base64 (standard alphabet) but the two numbers:

    firebase-scrypt$<rounds>$<mem_cost>$<salt separator>$<salt>$<signer key>$<hash>

The signer key thereby lies beside the hashes. It is a key of the Firebase project, of no use
elsewhere, and gone from a row with the first sign-in.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from portero.core.factors.password.errors import UnknownHashFormat
from portero.kit.secrets import same_secret
from portero.outside.hashing.known import KnownHash, bounded, from_base64, parts

_PREFIX: Final = "firebase-scrypt$"
_DERIVED_BYTES: Final = 64  # the first 32 are the AES-256 key
_AES_KEY_BYTES: Final = 32
_ZERO_COUNTER: Final = bytes(16)
_MAX_ROUNDS: Final = 8  # scrypt's r; with N = 2^mem_cost, Firebase allows 8 and 14
_MAX_MEM_COST: Final = 14


def recognise(encoded: str) -> KnownHash | None:
    if not encoded.startswith(_PREFIX):
        return None
    _, rounds_text, mem_text, separator_text, salt_text, signer_text, expected_text = parts(
        encoded, "$", 7
    )
    rounds = bounded(rounds_text, name="rounds", least=1, most=_MAX_ROUNDS)
    mem_cost = bounded(mem_text, name="mem_cost", least=1, most=_MAX_MEM_COST)
    separator = from_base64(separator_text, name="salt separator", least=0)
    salt = from_base64(salt_text, name="salt") + separator
    signer = from_base64(signer_text, name="signer key", least=16)
    expected = from_base64(expected_text, name="hash", least=16)
    if len(signer) != len(expected):
        raise UnknownHashFormat("the hash is not as long as the signer key")
    n = 2**mem_cost
    memory_bytes = 128 * n * rounds

    def check(password: str) -> bool:
        derived = hashlib.scrypt(
            password.encode(),
            salt=salt,
            n=n,
            r=rounds,
            p=1,
            maxmem=memory_bytes + 1024 * 1024,
            dklen=_DERIVED_BYTES,
        )
        sealed = Cipher(AES(derived[:_AES_KEY_BYTES]), CTR(_ZERO_COUNTER)).encryptor()
        return same_secret(sealed.update(signer) + sealed.finalize(), expected)

    return KnownHash(f"firebase-scrypt:{n}:{rounds}", max(1, memory_bytes // 1024), check)
