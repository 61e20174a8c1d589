"""What one process has counted and not written yet."""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# A flood from everywhere fills neither memory nor table: more than these tell nothing new.
_MOST_NAMES: Final = 20_000
_MOST_OF_ONE_NETWORK: Final = 200


@dataclass(slots=True)
class Counted:
    """Of one window, since the last time it was taken; `names` with their network, hashed both: for
    the key's holder alone (people type passwords into name fields), and of this window alone."""

    successes: int = 0
    failures: int = 0
    names: set[tuple[str, str]] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.successes or self.failures)


class Tally:
    """Thread-safe. What is taken is to be written, or put back."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._waiting: dict[datetime, Counted] = {}
        self._window_at: datetime | None = None
        self._failed: set[tuple[str, str]] = set()
        self._succeeded: set[str] = set()
        self._of_network: Counter[str] = Counter()

    def failed(self, window_at: datetime, network: str, name: str) -> None:
        place, who = self._hashed(window_at, network), self._hashed(window_at, name)
        with self._lock:
            counted = self._counted(window_at)
            counted.failures += 1
            one, is_full = (place, who), len(self._failed) >= _MOST_NAMES
            if is_full or one in self._failed or self._of_network[place] >= _MOST_OF_ONE_NETWORK:
                return
            self._failed.add(one)
            self._of_network[place] += 1
            counted.names.add(one)

    def succeeded(self, window_at: datetime, name: str) -> None:
        """Each name once: whoever has one account can't sign in with it so often that the
        failures of others drown in it. A house with more people than are remembered counts on."""
        who = self._hashed(window_at, name)
        with self._lock:
            counted = self._counted(window_at)
            if who in self._succeeded:
                return
            if len(self._succeeded) < _MOST_NAMES:
                self._succeeded.add(who)
            counted.successes += 1

    def take(self) -> dict[datetime, Counted]:
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return {window_at: counted for window_at, counted in taken.items() if counted}

    def put_back(self, taken: dict[datetime, Counted]) -> None:
        with self._lock:
            for window_at, counted in taken.items():
                waiting = self._waiting.setdefault(window_at, Counted())
                waiting.successes += counted.successes
                waiting.failures += counted.failures
                waiting.names |= counted.names

    def _counted(self, window_at: datetime) -> Counted:
        if self._window_at != window_at:  # whom former windows saw is forgotten
            self._window_at = window_at
            self._failed.clear()
            self._succeeded.clear()
            self._of_network.clear()
        return self._waiting.setdefault(window_at, Counted())

    def _hashed(self, window_at: datetime, text: str) -> str:
        told = f"{window_at.timestamp():.0f} {text}"
        return hmac.digest(self._key, told.encode(), "sha256").hex()[:32]
