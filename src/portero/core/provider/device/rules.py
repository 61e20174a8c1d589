"""User codes, and how often one may be guessed.

A code has 8 letters of 20 (RFC 8628 §6.1): 34.5 bits. It lives ten minutes, and only whoever is
signed in may try. At `USER_CODE_EVERYWHERE` wrong tries in ten minutes, with a thousand codes alive
at once, somebody hits one of them in 4 of 100,000 such windows; and has then only let a stranger's
device into an account of their own.
"""

from __future__ import annotations

import hashlib
from typing import Final

from portero.core.limits import AddressPolicy, LimitPolicy, VolumePolicy

LIFETIME_SECONDS: Final = 600
# No vowels: no words. No digits: nothing to confuse with a letter.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8

USER_CODE_BY_ACCOUNT: Final = LimitPolicy("user_code_by_account", tries=10, window_seconds=600)
USER_CODE_BY_ADDRESS: Final = AddressPolicy("user_code_by_address", tries=30, window_seconds=600)
USER_CODE_EVERYWHERE: Final = LimitPolicy("user_code_everywhere", tries=1000, window_seconds=600)
# A public client proves nothing, so anybody can fill the table in its name.
DEVICE_BY_ADDRESS: Final = AddressPolicy("device_by_address", tries=60, window_seconds=60)
# One that proves itself may have many devices, and not fill the table with them.
DEVICE_BY_CLIENT: Final = VolumePolicy("device_by_client", tries=6_000, window_seconds=60)
POLICIES: Final = (
    DEVICE_BY_CLIENT,
    USER_CODE_BY_ACCOUNT,
    USER_CODE_BY_ADDRESS,
    USER_CODE_EVERYWHERE,
    DEVICE_BY_ADDRESS,
)


def made_of(token: str) -> str:
    """A code from a random token; the remainder favours no code by more than 1 in 2^220."""
    number = int.from_bytes(hashlib.sha256(token.encode()).digest(), "big")
    letters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return "".join(letters)


def typed(text: str) -> str:
    """The code in what somebody typed, in whatever case and with whatever marks between the
    letters (§6.1); '' when it can't be one."""
    letters = "".join(each for each in text[:64].upper() if each.isascii() and each.isalnum())
    fits = len(letters) == LENGTH and set(letters) <= set(ALPHABET)
    return letters if fits else ""


def shown(code: str) -> str:
    """The code as people read it: XXXX-XXXX."""
    return f"{code[:4]}-{code[4:]}"
