"""A bounded memory of tokens that were checked, so that a signature is verified once and not at
every request.

Keyed on SHA-256 of the exact text: a spelling that was never checked is never found, and a memory
dump holds no token. What can change after the check is asked again on every hit: the expiry, and
`still_valid` (is the key still published; later, what does the status list say).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from portero_guard.checks import CheckedToken

StillValid = Callable[[CheckedToken, datetime], bool]

_Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Kept:
    checked: CheckedToken
    until: datetime


class VerifiedTokens:
    """At most `capacity` tokens, the least recently used dropped first. 0 keeps nothing.

    About 3 kB each. Refused tokens are not kept: a flood of garbage must not push out good ones.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()

    def find(
        self,
        unverified_token: str,
        *,
        expected_audience: str,
        now: datetime,
        still_valid: StillValid,
    ) -> CheckedToken | None:
        """The token as it was checked for this audience, if that still holds; None to check it."""
        key = _key(unverified_token, expected_audience)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
        if now < kept.until and still_valid(kept.checked, now):
            return kept.checked
        with self._lock:
            self._kept.pop(key, None)
        return None

    def keep(
        self, token: str, checked: CheckedToken, *, expected_audience: str, until: datetime
    ) -> None:
        """Remember a token that was just checked for that audience, until that moment at most."""
        if self._capacity <= 0:
            return
        with self._lock:
            self._kept[_key(token, expected_audience)] = _Kept(checked, until)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


def _key(token: str, audience: str) -> _Key:
    """A token that is good for one API says nothing about another one."""
    return audience, sha256(token.encode("utf-8", "surrogatepass")).digest()
