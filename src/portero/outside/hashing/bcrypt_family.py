"""bcrypt: `$2a$`, `$2b$`, `$2y$` (Auth0, Supabase, PHP, Rails and many others)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from portero.core.factors.password.errors import UnknownHashFormat
from portero.kit.secrets import same_secret
from portero.outside.hashing.known import KnownHash, bounded

_FORMAT: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
# 2^15 rounds take about two seconds; 10 to 12 are usual.
_MAX_COST: Final = 15
_LEAST_COST: Final = 4
# bcrypt reads no further, and the systems that made these hashes cut silently. Library release 5
# raises instead, so the cut is made here.
_READS_BYTES: Final = 72


def recognise(encoded: str) -> KnownHash | None:
    if not encoded.startswith(("$2a$", "$2b$", "$2y$")):
        return None
    cost = cost_of(encoded)
    return KnownHash(f"bcrypt:{cost}", 4, checker(encoded, str.encode))


def cost_of(encoded: str) -> int:
    """The cost of a well-formed bcrypt string; raises `UnknownHashFormat`."""
    found = _FORMAT.fullmatch(encoded)
    if found is None:
        raise UnknownHashFormat("no bcrypt string")
    return bounded(found[1], name="bcrypt cost", least=_LEAST_COST, most=_MAX_COST)


def checker(encoded: str, prepared: Callable[[str], bytes]) -> Callable[[str], bool]:
    """A check against a bcrypt string of what `prepared` makes of the password."""

    def check(password: str) -> bool:
        import bcrypt

        made = bcrypt.hashpw(prepared(password)[:_READS_BYTES], encoded.encode())
        return same_secret(made, encoded)

    return check
