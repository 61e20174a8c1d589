"""What must not wait is told so before anything is done."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from portero.kit import waiting
from portero.kit.db import Database


def test_the_database_is_not_asked_at_once(db: Database) -> None:
    """Neither to read nor to write; afterwards both are open again."""
    asked: list[str] = []

    def unit(tx: sa.Connection) -> None:
        asked.append("unit")

    for ask in (db.read, db.write):
        with pytest.raises(waiting.WouldWait):
            waiting.at_once(ask, unit)
    assert asked == []
    db.write(unit)
    assert asked == ["unit"]


def test_a_lock_that_is_held_is_not_waited_for() -> None:
    """A free one is taken and given back; where waiting is allowed it is an ordinary lock."""
    lock = threading.Lock()

    def take(answer: int) -> int:
        with waiting.Holding(lock):
            return answer

    assert waiting.at_once(take, 1) == 1
    with lock, pytest.raises(waiting.WouldWait):
        waiting.at_once(take, 2)
    assert take(3) == 3
    assert not lock.locked()


def test_what_is_begun_inside_may_not_wait_either() -> None:
    """And the permission comes back after a failure."""

    def outer(_: int) -> None:
        waiting.at_once(int, "1")
        waiting.expected()

    with pytest.raises(waiting.WouldWait):
        waiting.at_once(outer, 0)
    waiting.expected()


def test_no_except_exception_swallows_it() -> None:
    """It is no failure of what it ends."""

    def careless(_: int) -> None:
        try:
            waiting.expected()
        except Exception:
            pytest.fail("swallowed")

    with pytest.raises(waiting.WouldWait):
        waiting.at_once(careless, 0)
