"""How much memory hashes may take at once, when imported ones need more than our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryBudget:
    """A sum that is taken and given back. Our own hashes always fit (the pool has no more threads
    than that); what is larger waits until enough is free."""

    def __init__(self, total_kib: int) -> None:
        self._total_kib = total_kib
        self._free_kib = total_kib
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0

    @contextmanager
    def taken(self, kib: int) -> Iterator[None]:
        """Hold that much for the block; more than there is means all of it, and so alone."""
        share = min(kib, self._total_kib)
        with self._lock:
            if self._free_kib < share:
                self._wait_for(share)
            self._free_kib -= share
        try:
            yield
        finally:
            with self._lock:
                self._free_kib += share
                if self._waiting:
                    self._changed.notify_all()

    def _wait_for(self, share: int) -> None:
        self._waiting += 1
        try:
            self._changed.wait_for(lambda: self._free_kib >= share)
        finally:
            self._waiting -= 1
