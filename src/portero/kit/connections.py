"""The connections of one process, kept open between transactions.

SQLAlchemy's pool makes a connection fit for whoever comes next: each check-out and return costs
what three statements do. Here a connection has one user at a time who always ends its transaction
(`kit/db.py`), so it is only put back. The one used last is used next, for its caches are warm.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
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
        # A place each: a semaphore is written in Python, and takes ten calls for one of these.
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(most):
            self._room.put(None)
        self._patience = patience
        self._idle: list[_Idle] = []

    def one(self) -> _Use:
        """For a `with`, which raises `AllInUse`."""
        return _Use(self)

    def take(self) -> _Idle:
        try:
            self._room.get(timeout=self._patience)
        except Empty:
            raise AllInUse from None
        try:
            return self._taken()
        except BaseException:
            self._room.put(None)
            raise

    def give_back(self, used: _Idle) -> None:
        try:
            self._put_back(used)
        finally:
            self._room.put(None)

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


class _Use:
    """Written out: a generator makes as much of each `with` as two statements are."""

    __slots__ = ("_of", "_taken")

    def __init__(self, of: Connections) -> None:
        self._of = of

    def __enter__(self) -> sa.Connection:
        self._taken = self._of.take()
        return self._taken.connection

    def __exit__(self, *failure: object) -> None:
        self._of.give_back(self._taken)
