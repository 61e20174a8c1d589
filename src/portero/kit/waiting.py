"""Whether the code that runs now may wait: for the database, another server, or a lock that is held
across either.

The event loop must never wait. A request that probably needs not to is begun there all the same,
because handing it to a thread costs as much as a signature. Should it have to wait after all,
`WouldWait` ends it before it has done anything, and it begins again on a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, TypeVar

A = TypeVar("A")
T = TypeVar("T")

_is_allowed: Final[ContextVar[bool]] = ContextVar("portero_may_wait", default=True)


class WouldWait(BaseException):
    """To go on it would have to wait. It is no failure, so no `except Exception` sees it."""


def at_once(work: Callable[[A], T], argument: A) -> T:
    """`work(argument)` without waiting; raises `WouldWait` when that is not to be had."""
    before = _is_allowed.set(False)
    try:
        return work(argument)
    finally:
        _is_allowed.reset(before)


def expected() -> None:
    """Said by what is about to wait, and by what must not be begun when its end would wait."""
    if not _is_allowed.get():
        raise WouldWait


class Holding:
    """Hold a lock (`with`) that somebody may hold while he waits himself."""

    __slots__ = ("_lock",)

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=_is_allowed.get()):
            raise WouldWait

    def __exit__(self, *failure: object) -> None:
        self._lock.release()
