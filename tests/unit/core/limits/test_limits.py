"""Counting tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.kit.db import Database

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TWO = LimitPolicy("two", tries=2, window_seconds=60)
FIVE = LimitPolicy("five", tries=5, window_seconds=600)


def spend(db: Database, limits: Limits, seconds: float = 0, subject: str = "x") -> OverLimit | None:
    now = NOW + timedelta(seconds=seconds)
    return db.write(lambda tx: limits.spend(tx, TWO, subject, now=now))


def test_the_window_begins_with_its_first_try(db: Database) -> None:
    """And says how long it lasts; tries beyond the limit do not make it longer."""
    limits = Limits()
    assert spend(db, limits) is None
    assert spend(db, limits, 30) is None
    over = spend(db, limits, 50)
    assert over is not None
    assert over.retry_after_seconds == 10
    assert spend(db, limits, 59.5).retry_after_seconds == 1  # type: ignore[union-attr]  # None would fail as well
    assert spend(db, limits, 60) is None


def test_subjects_and_policies_are_counted_apart(db: Database) -> None:
    """A name with a separator in it is not another policy's subject."""
    limits = Limits()
    assert [spend(db, limits) is None for _ in range(3)] == [True, True, False]
    assert spend(db, limits, subject="y") is None
    assert db.write(lambda tx: limits.spend(tx, FIVE, "x", now=NOW)) is None


def test_several_are_counted_in_one_statement(db: Database) -> None:
    """Each by its own policy; the refusal is the one that waits longest."""
    limits = Limits()

    def both() -> OverLimit | None:
        return db.write(lambda tx: limits.spend_each(tx, (FIVE, "a"), (TWO, "b"), now=NOW))

    found = [both() for _ in range(6)]
    assert [over is None for over in found] == [True, True, False, False, False, False]
    waits = [over.retry_after_seconds for over in found if over is not None]
    assert waits == [60, 60, 60, 600]


def test_an_operators_figures_replace_the_rooms(db: Database) -> None:
    """PORTERO_LIMITS, by the policy's name."""
    limits = Limits({"two": LimitPolicy("two", tries=1, window_seconds=5)})
    assert spend(db, limits) is None
    over = spend(db, limits)
    assert over is not None
    assert over.retry_after_seconds == 5


def test_a_try_can_be_given_back_and_the_tries_forgotten(db: Database) -> None:
    """Giving back stops at none: a success can't earn credit."""
    limits = Limits()
    spend(db, limits)
    for _ in range(3):
        db.write(lambda tx: limits.give_back(tx, TWO, "x"))
    assert [spend(db, limits) is None for _ in range(3)] == [True, True, False]
    db.write(lambda tx: limits.clear(tx, TWO, "x"))
    assert spend(db, limits) is None


def test_looking_counts_nothing(db: Database) -> None:
    """And sees the present window alone."""
    limits = Limits()

    def looked(seconds: float = 0) -> tuple[int, ...]:
        now = NOW + timedelta(seconds=seconds)
        return db.read(lambda tx: limits.spent(tx, (TWO, "x"), (FIVE, "x"), now=now))

    assert looked() == (0, 0)
    spend(db, limits)
    spend(db, limits, 1)
    assert [looked(2), looked(2), looked(60)] == [(2, 0), (2, 0), (0, 0)]
