"""Fault injection: Redis is gone, or hangs. Tries are counted all the same."""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from portero.core.limits import LimitPolicy, Limits
from portero.core.limits.fallback import ASKED_AGAIN_SECONDS, WithFallback
from portero.core.limits.store import SqlCounters
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.outside.redis import TIMEOUT_SECONDS, RedisCounters
from tests.support.house import MovableClock
from tests.support.redis import OwnRedis

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
THREE = LimitPolicy("three", tries=3, window_seconds=600)
MANY = LimitPolicy("many", tries=60, window_seconds=600)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def db(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def limits(own_redis: OwnRedis, clock: MovableClock) -> Iterator[Limits]:
    counters = RedisCounters(Secret(own_redis.url), owner="tests")
    yield Limits(counters=WithFallback(counters, SqlCounters(), clock))
    counters.close()


def passed(db: Database, limits: Limits, times: int, subject: str = "x") -> int:
    """How many of so many tries were within the limit."""
    return sum(
        db.write(lambda tx: limits.spend(tx, THREE, subject, now=NOW)) is None for _ in range(times)
    )


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.levelno >= logging.WARNING]


def test_without_redis_the_limit_holds(
    db: Database, limits: Limits, own_redis: OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    """Closed, not open: the database counts, and the log says so once."""
    own_redis.stop()
    assert passed(db, limits, 10) == 3
    assert warnings(caplog) == [
        "limits are counted in the database: Redis does not answer (ConnectionError)"
    ]


def test_an_outage_gives_a_subject_its_tries_once_more_and_no_oftener(
    db: Database, limits: Limits, own_redis: OwnRedis, clock: MovableClock
) -> None:
    """What each store has counted, it goes on from: going back and forth wins nothing."""
    assert passed(db, limits, 10) == 3
    for _ in range(3):
        own_redis.hang()
        clock.let_pass(seconds=ASKED_AGAIN_SECONDS)
        passed_meanwhile = passed(db, limits, 5)
        own_redis.go_on()
        clock.let_pass(seconds=ASKED_AGAIN_SECONDS)
        assert passed(db, limits, 5) == 0
    assert passed_meanwhile == 0


def test_it_comes_back_by_itself(
    db: Database,
    limits: Limits,
    own_redis: OwnRedis,
    clock: MovableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a restart, with none of its scripts: it is asked again after a while, and told in the
    log."""
    passed(db, limits, 1)
    own_redis.stop()
    passed(db, limits, 1)
    own_redis.start_again()
    assert passed(db, limits, 1) == 1  # not asked yet
    clock.let_pass(seconds=ASKED_AGAIN_SECONDS)
    assert passed(db, limits, 10, "y") == 3
    assert warnings(caplog)[1:] == ["limits are counted in Redis again"]
    rows = db.read(lambda tx: tx.exec_driver_sql("SELECT spent FROM limit_counters").all())
    assert [tuple(row) for row in rows] == [(2,)]  # of "x", in the outage


def test_one_that_hangs_costs_one_short_wait(
    db: Database, limits: Limits, own_redis: OwnRedis
) -> None:
    """A service that answers nothing is worse than one that is gone: whoever asks first waits, and
    nobody else."""
    passed(db, limits, 1)
    own_redis.hang()
    began = time.monotonic()
    assert passed(db, limits, 50) == 3
    # Fifty waits would be fifty times that.
    assert TIMEOUT_SECONDS <= time.monotonic() - began < TIMEOUT_SECONDS * 25
    own_redis.go_on()


def test_a_success_while_it_is_gone_is_given_back_where_tries_are_counted(
    db: Database, limits: Limits, own_redis: OwnRedis
) -> None:
    """Nobody is locked out by the outage."""
    own_redis.stop()
    for _ in range(10):
        assert passed(db, limits, 1) == 1
        db.write(lambda tx: limits.give_back(tx, THREE, "x"))
    for _ in range(3):
        assert passed(db, limits, 4) == 3
        db.write(lambda tx: limits.clear(tx, THREE, "x"))


def test_a_wrong_password_of_redis_is_an_outage_and_is_not_told(
    db: Database, own_redis: OwnRedis, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it answers but a count."""
    with redis.Redis.from_url(own_redis.url) as connection:
        connection.config_set("requirepass", "another")
    url = own_redis.url.replace("redis://", "redis://:s3cret@")
    limits = Limits(
        counters=WithFallback(RedisCounters(Secret(url), owner="t"), SqlCounters(), clock)
    )
    assert passed(db, limits, 10) == 3
    assert len(warnings(caplog)) == 1
    assert "s3cret" not in caplog.text


def spend_many(database_url: str, redis_url: str, answers: multiprocessing.Queue[int]) -> None:
    db = Database(database_url)
    counters = RedisCounters(Secret(redis_url), owner="tests")
    limits = Limits(counters=WithFallback(counters, SqlCounters(), MovableClock()))
    tries = (db.write(lambda tx: limits.spend(tx, MANY, "x", now=NOW)) for _ in range(40))
    answers.put(sum(over is None for over in tries))


def test_tries_of_several_processes_are_each_counted(sqlite_url: str, own_redis: OwnRedis) -> None:
    """Three times forty, and sixty are let through."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    processes = [
        spawn.Process(target=spend_many, args=(sqlite_url, own_redis.url, answers))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    assert sum(answers.get(timeout=60) for _ in processes) == MANY.tries
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
