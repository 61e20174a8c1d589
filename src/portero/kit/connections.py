"""The connections of one process, kept open between transactions.

SQLAlchemy's pool makes a connection fit for whoever comes next: each check-out and return costs
what three statements do. Here a connection has one user at a time who always ends its transaction
(`kit/db.py`), so it is only put back. The one used last is used next, for its caches are warm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

# What a server keeps for a connection grows; a firewall forgets one that is silent for long.
_MOST_SECONDS: Final = 1800.0


class AllInUse(Exception):
    """No connection was given back within the patience of the one who waited."""


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: sa.Connection
    made_at: float


class Connections:
    """Up to `most` of them at once; `patience` (seconds) is how long one waits for its turn."""

    def __init__(self, engine: sa.Engine, *, most: int, patience: float) -> None:
        self._engine = engine
        self._room = threading.Semaphore(most)
        self._patience = patience
        self._idle: list[_Idle] = []

    @contextmanager
    def one(self) -> Iterator[sa.Connection]:
        """Raises `AllInUse`."""
        if not self._room.acquire(timeout=self._patience):
            raise AllInUse
        try:
            taken = self._taken()
            try:
                yield taken.connection
            finally:
                self._put_back(taken)
        finally:
            self._room.release()

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().connection.close()

    def leave_to_parent(self) -> None:
        """After a fork: they are the parent's, which a good-bye from here would cut off."""
        for each in self._idle:
            each.connection.detach()

    def _taken(self) -> _Idle:
        while self._idle:
            try:
                last = self._idle.pop()
            except IndexError:
                break  # another thread was faster
            if time.monotonic() - last.made_at < _MOST_SECONDS:
                return last
            last.connection.close()
        return _Idle(self._engine.connect(), time.monotonic())

    def _put_back(self, used: _Idle) -> None:
        connection = used.connection
        if connection.invalidated:
            self.close()  # the server went away, and from the others too
        if connection.invalidated or connection.closed or connection.in_transaction():
            connection.close()
        else:
            self._idle.append(used)
