"""Counting tries."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from portero.core.limits import AddressPolicy, LimitPolicy, Limits, OverLimit
from portero.kit.db import Database, Tx
from tests.support.racing import THREADS, at_once
from tests.unit.core.limits.conftest import MakeLimits

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TWO = LimitPolicy("two", tries=2, window_seconds=60)
FIVE = LimitPolicy("five", tries=5, window_seconds=600)


class Unfit(Exception):
    pass


def spend(db: Database, limits: Limits, seconds: float = 0, subject: str = "x") -> OverLimit | None:
    now = NOW + timedelta(seconds=seconds)
    return db.write(lambda tx: limits.spend(tx, TWO, subject, now=now))


def test_the_window_begins_with_its_first_try(db: Database, make_limits: MakeLimits) -> None:
    """And says how long it lasts; tries beyond the limit do not make it longer."""
    limits = make_limits()
    assert spend(db, limits) is None
    assert spend(db, limits, 30) is None
    over = spend(db, limits, 50)
    assert over is not None
    assert over.retry_after_seconds == 10
    assert spend(db, limits, 59.5).retry_after_seconds == 1  # type: ignore[union-attr]  # None would fail as well
    assert spend(db, limits, 60) is None


def test_subjects_and_policies_are_counted_apart(db: Database, make_limits: MakeLimits) -> None:
    """A name with a separator in it is not another policy's subject."""
    limits = make_limits()
    assert [spend(db, limits) is None for _ in range(3)] == [True, True, False]
    assert spend(db, limits, subject="y") is None
    assert db.write(lambda tx: limits.spend(tx, FIVE, "x", now=NOW)) is None


def test_several_are_counted_in_one_statement(db: Database, make_limits: MakeLimits) -> None:
    """Each by its own policy, and the refusal is that of the first which is over."""
    limits = make_limits()

    def both() -> OverLimit | None:
        return db.write(lambda tx: limits.spend_each(tx, (FIVE, "a"), (TWO, "b"), now=NOW))

    found = [both() for _ in range(6)]
    assert [over is None for over in found] == [True, True, False, False, False, False]
    waits = [over.retry_after_seconds for over in found if over is not None]
    assert waits == [60, 60, 60, 600]


def test_an_operators_figures_replace_the_rooms(db: Database, make_limits: MakeLimits) -> None:
    """PORTERO_LIMITS, by the policy's name."""
    limits = make_limits({"two": LimitPolicy("two", tries=1, window_seconds=5)})
    assert spend(db, limits) is None
    over = spend(db, limits)
    assert over is not None
    assert over.retry_after_seconds == 5


def test_a_try_can_be_given_back_and_the_tries_forgotten(
    db: Database, make_limits: MakeLimits
) -> None:
    """Giving back stops at none: a success can't earn credit."""
    limits = make_limits()
    spend(db, limits)
    for _ in range(3):
        db.write(lambda tx: limits.give_back(tx, TWO, "x"))
    assert [spend(db, limits) is None for _ in range(3)] == [True, True, False]
    db.write(lambda tx: limits.clear(tx, TWO, "x"))
    assert spend(db, limits) is None


def test_looking_counts_nothing(db: Database, make_limits: MakeLimits) -> None:
    """And sees the present window alone."""
    limits = make_limits()

    def looked(seconds: float = 0) -> tuple[int, ...]:
        now = NOW + timedelta(seconds=seconds)
        return db.read(lambda tx: limits.spent(tx, (TWO, "x"), (FIVE, "x"), now=now))

    assert looked() == (0, 0)
    spend(db, limits)
    spend(db, limits, 1)
    assert [looked(2), looked(2), looked(60)] == [(2, 0), (2, 0), (0, 0)]


def test_a_try_that_is_rolled_back_was_none(db: Database, make_limits: MakeLimits) -> None:
    """Also where the count is not in the transaction: its unit may be run again."""
    limits = make_limits()

    def unit(tx: Tx) -> None:
        limits.spend(tx, TWO, "x", now=NOW)
        raise Unfit

    for _ in range(5):
        with pytest.raises(Unfit):
            db.write(unit)
    assert [spend(db, limits) is None for _ in range(3)] == [True, True, False]


def test_what_is_given_back_by_a_unit_that_fails_stays_counted(
    db: Database, make_limits: MakeLimits
) -> None:
    """A success that is rolled back was none."""
    limits = make_limits()
    spend(db, limits)

    def unit(tx: Tx) -> None:
        limits.give_back(tx, TWO, "x")
        limits.clear(tx, TWO, "x")
        raise Unfit

    with pytest.raises(Unfit):
        db.write(unit)
    assert [spend(db, limits) is None for _ in range(2)] == [True, False]


def test_a_unit_that_fails_beside_others_costs_them_nothing(
    db: Database, make_limits: MakeLimits
) -> None:
    """On SQLite units share a transaction, which is run again when one of them refuses."""
    limits = make_limits()
    many = LimitPolicy("many", tries=1000, window_seconds=60)

    def call(number: int) -> None:
        def unit(tx: Tx) -> None:
            limits.spend(tx, many, "x", now=NOW)
            if number % 4 == 0:
                raise Unfit

        for _ in range(10):
            with suppress(Unfit):
                db.write(unit)

    at_once(call)
    counted = db.read(lambda tx: limits.spent(tx, (many, "x"), now=NOW))
    assert counted == (THREADS * 10 * 3 // 4,)


def test_parallel_tries_are_each_counted(db: Database, make_limits: MakeLimits) -> None:
    """Of 20 at once as many pass as may, for an address as for its network."""
    limits = make_limits()
    policy = AddressPolicy("parallel", tries=3, window_seconds=60)

    def call(number: int) -> bool:
        address = f"203.0.113.{number % 10}"
        return db.write(lambda tx: limits.spend(tx, policy, address, now=NOW)) is None

    passed = [sum(at_once(call)) for _ in range(2)]
    assert sum(passed) == 12


def test_what_one_refuses_is_not_counted_for_those_after_it(
    db: Database, make_limits: MakeLimits
) -> None:
    """Whoever is over a limit of their own does not use up what everybody has together."""
    limits = make_limits()

    def tried(subject: str) -> bool:
        tries = ((TWO, subject), (FIVE, "everybody"))
        return db.write(lambda tx: limits.spend_each(tx, *tries, now=NOW)) is None

    assert [tried("x") for _ in range(20)].count(True) == 2
    assert [tried("y") for _ in range(20)].count(True) == 2
    assert [tried("z") for _ in range(20)].count(True) == 1
