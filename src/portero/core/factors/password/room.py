"""How many callers may be inside the password room at once: hashing, waiting for it, or waiting so
that a failure lasts as long as any other.

The attack: fail to log in to a service that has slow imported hashes. Each failure sleeps on the
thread that answers it, outside the hash queue, and a hundred of them leave no thread to anybody. A
quarter of the places are kept for who is known, so that strangers can't take them all either.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from portero.core.factors.password.errors import HashQueueFull

_RETRY_AFTER_SECONDS: Final = 1


def for_strangers(places: int) -> int:
    """How many of so many places strangers may have: a quarter is kept for who is known."""
    return places - round(places / 4)


class Room:
    def __init__(self, most_at_once: int) -> None:
        self._most_at_once = most_at_once
        self._most_strangers = for_strangers(most_at_once)
        self._taken = 0
        self._lock = threading.Lock()  # and no semaphore, which costs ten calls: nobody waits here

    def expect_place(self) -> None:
        """Raise `HashQueueFull` when no stranger would get one now."""
        if self._taken >= self._most_strangers:
            raise self._full()

    def _full(self) -> HashQueueFull:
        return HashQueueFull(
            f"{self._taken} proofs are under way", retry_after_seconds=_RETRY_AFTER_SECONDS
        )

    @contextmanager
    def place(self, *, known: bool = False) -> Iterator[None]:
        """One of the places; raises `HashQueueFull` at once when all that there are for whoever is
        known, or is not, are taken."""
        with self._lock:
            if self._taken >= (self._most_at_once if known else self._most_strangers):
                raise self._full()
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1
