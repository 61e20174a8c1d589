"""How a recovery code looks, and what is read from what somebody typed."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Final

HOW_MANY: Final = 10
BITS: Final = 128  # of chance in each: hashed without a key (DECISIONS, "Secrets at rest")
# Below that, people are asked to make new ones.
FEW: Final = 3
# After a first factor was set up for so long they are offered unasked: as long as a sign-in takes.
OFFERED_FOR: Final = timedelta(minutes=10)
_LENGTH: Final = 26  # 128 bits in base32
_GROUP: Final = 5
# The alphabet of base32 (RFC 4648 §6) has none of these: they are misread letters.
_MISREAD: Final = str.maketrans("018", "OIB")


def made_of(token: str) -> str:
    """A code from a random token of `BITS` in base64url."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return base64.b32encode(raw).decode().rstrip("=")


def shown(code: str) -> str:
    """In groups, as people copy it."""
    groups = [code[start : start + _GROUP] for start in range(0, _LENGTH - 1, _GROUP)]
    return "-".join([*groups[:-1], groups[-1] + code[_LENGTH - 1 :]]).lower()


def typed(text: str) -> str:
    """The code that was meant; '' for what is none."""
    code = "".join(c for c in text.upper() if c.isalnum()).translate(_MISREAD)
    return code if len(code) == _LENGTH and code.isascii() else ""
