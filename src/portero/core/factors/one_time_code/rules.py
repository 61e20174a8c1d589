"""How long a code lives, how often it may be tried and sent, and how its address is shown.

A code is one of a million. At five tries each and ten codes an hour, whoever has the password
already, and guesses all day, hits one in 800 days; the tries of an account are fewer still.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from portero.core.limits import AddressPolicy, LimitPolicy

DIGITS: Final = 6
# NIST SP 800-63B-4 §3.1.3.2 allows ten minutes; mail and text messages arrive within one.
LIFETIME: Final = timedelta(minutes=5)
# Within it nothing is sent again: a page that is loaded again, a mistyped code.
SENT_AGAIN_AFTER: Final = timedelta(minutes=1)
TRIES: Final = 5

CODES_BY_ACCOUNT: Final = LimitPolicy("codes_by_account", tries=10, window_seconds=3600)
# A mailbox or a number that several accounts have named is nobody's to be bombed.
CODES_BY_RECIPIENT: Final = LimitPolicy("codes_by_recipient", tries=10, window_seconds=3600)
CODES_BY_ADDRESS: Final = AddressPolicy(
    "codes_by_address", tries=100, window_seconds=3600, network_factor=2
)
# Text messages cost money, and some people earn by having them sent.
TEXTS_BY_ADDRESS: Final = AddressPolicy(
    "texts_by_address", tries=20, window_seconds=3600, network_factor=2
)
TEXTS_EVERYWHERE: Final = LimitPolicy("texts_everywhere", tries=1000, window_seconds=3600)

POLICIES: Final = (
    CODES_BY_ACCOUNT,
    CODES_BY_RECIPIENT,
    CODES_BY_ADDRESS,
    TEXTS_BY_ADDRESS,
    TEXTS_EVERYWHERE,
)


def code_of(token: str) -> str:
    """A code from a random token; the remainder favours no code by more than 1 in 2^236."""
    number = int.from_bytes(hashlib.sha256(token.encode()).digest(), "big")
    return str(number % 10**DIGITS).zfill(DIGITS)


def typed_code(text: str) -> str:
    """The code in what somebody typed or pasted, with spaces or a hyphen in it; '' for none."""
    digits = "".join(text[:64].replace("-", "").split())
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdecimal() else ""


def masked_email(address: str) -> str:
    """`a…@example.org`: enough to know one's own mailbox by."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}…@{domain}"


def masked_number(number: str, *, country_code: str) -> str:
    """`+49 … 12`."""
    return f"+{country_code} … {number[-2:]}"
