"""What a process remembers of rows that others may change: no older than the feed lets it be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, TypeVar

from portero.core.changes.feed import ChangeFeed
from portero.core.changes.model import ChangeKind
from portero.kit.ports import Clock

T = TypeVar("T")

# seconds; a backstop only, for a feed that does not run: longer than its interval, short for what
# was disabled.
MAX_AGE_SECONDS: Final = 5.0


class Memory(Generic[T]):
    """Bounded; forgets what another process changed within a second, what this one changed at once.

    What is not there is never remembered: it costs one indexed read, can't push out what is, and
    is found as soon as it was made.
    """

    def __init__(
        self,
        feed: ChangeFeed,
        clock: Clock,
        *kinds: ChangeKind,
        capacity: int,
        max_age_seconds: float = MAX_AGE_SECONDS,
    ) -> None:
        """`kinds` are changes whose subject is the key of what they change."""
        self._clock = clock
        self._capacity = capacity
        self._max_age_seconds = max_age_seconds
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[T, float]] = {}
        self._changes = 0
        for kind in kinds:
            feed.subscribe(kind, self._changed)

    def find(self, key: str) -> T | None:
        """What is remembered; None to `load` it."""
        kept = self._kept.get(key)
        return kept[0] if kept is not None and self._clock.monotonic() < kept[1] else None

    def load(self, key: str, read: Callable[[], T | None]) -> T | None:
        """Read it and remember it."""
        changes = self._changes
        found = read()
        with self._lock:
            self._kept.pop(key, None)
            # A change that came while this was being read may be newer than what was read: then
            # it is used once and not kept, or what was disabled would live on in here.
            if found is not None and changes == self._changes:
                while len(self._kept) >= self._capacity:
                    del self._kept[next(iter(self._kept))]  # the one loaded longest ago
                self._kept[key] = found, self._clock.monotonic() + self._max_age_seconds
        return found

    def _changed(self, key: str, at: datetime) -> None:
        with self._lock:
            self._changes += 1
            self._kept.pop(key, None)
