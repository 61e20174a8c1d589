"""What a family answers with, and the bounds that all of them keep.

An imported hash names its own cost, so a file of users from elsewhere could stop the server with
one line. A check may take a second or two and `MAX_MEMORY_KIB`, never more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.kit.values import quick_value

# Django's argon2 default is 100 MiB, the largest in common use.
MAX_MEMORY_KIB: Final = 128 * 1024
# Django 6 uses 1.2 million of PBKDF2-SHA256; 5 million take about two seconds.
MAX_PBKDF2_ITERATIONS: Final = 5_000_000
MAX_ARGON2_TIME_COST: Final = 32
MAX_PARALLELISM: Final = 16
# Total work of scrypt (N·r·p): eight times Werkzeug's default of 2^15·8·1.
MAX_SCRYPT_WORK: Final = 2**21
MAX_ENCODED_CHARS: Final = 2048


@quick_value
class KnownHash:
    """An encoding that was understood: the label of its scheme and cost, the memory that a check
    takes, and the check itself (blocking, without the GIL for nearly all of its time)."""

    scheme: str
    memory_kib: int
    check: Callable[[str], bool]


def bounded(text: str, *, name: str, least: int, most: int) -> int:
    """A decimal number within bounds; raises `UnknownHashFormat`."""
    # isdecimal lets other scripts' digits through, and int() takes "1_000" and " 5".
    if not (text.isascii() and text.isdecimal()) or len(text) > 10:
        raise UnknownHashFormat(f"{name} is no number")
    number = int(text)
    if not least <= number <= most:
        raise UnknownHashFormat(f"{name} of {number} is not within {least} to {most}")
    return number


def from_base64(text: str, *, name: str, least: int = 1, most: int = 128) -> bytes:
    """Bytes from base64 with or without padding; raises `UnknownHashFormat`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnknownHashFormat(f"{name} is no base64") from error
    if not least <= len(raw) <= most:
        raise UnknownHashFormat(f"{name} has {len(raw)} bytes, not {least} to {most}")
    return raw


def parts(encoded: str, separator: str, count: int) -> list[str]:
    """Split into exactly that many parts; raises `UnknownHashFormat`."""
    found = encoded.split(separator)
    if len(found) != count:
        raise UnknownHashFormat(f"{len(found)} parts instead of {count}")
    return found
