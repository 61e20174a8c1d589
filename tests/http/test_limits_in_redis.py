"""Limits that Redis counts (PORTERO_REDIS_URL): the same answers, and no row for them in SQL."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.http.test_limits import status_of_login, wrong_tries
from tests.support.counting import counted
from tests.support.house import CHEAP_HASH, PASSWORD, Home, MakeHome
from tests.support.redis import OwnRedis
from tests.support.server import StartServer

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NARROW = {"PORTERO_LIMITS": "login_by_account=3/900,login_by_address=8/900"}


@pytest.fixture
def redis_home(make_home: MakeHome, redis_url: str) -> Home:
    home = make_home(PORTERO_REDIS_URL=redis_url, **NARROW)
    home.create("ana")
    return home


def counters_in_sql(home: Home) -> int:
    query = "SELECT COUNT(*) FROM limit_counters"
    found: int = home.house.db.read(lambda tx: tx.exec_driver_sql(query).scalar_one())
    return found


@on_sqlite
def test_too_many_tries_wait_and_a_success_clears_them(redis_home: Home) -> None:
    """As with the database."""
    for _ in range(3):
        assert wrong_tries(redis_home, 2) == {401}
        assert status_of_login(redis_home, "ana", PASSWORD) == 200
    assert wrong_tries(redis_home, 4) == {401, 429}
    answer = redis_home.post("/login", username="ana", password=PASSWORD)
    assert answer.status_code == 429
    redis_home.clock.let_pass(seconds=int(answer.headers["Retry-After"]) + 1)
    assert status_of_login(redis_home, "ana", PASSWORD) == 200
    assert counters_in_sql(redis_home) == 0


@on_sqlite
def test_tries_at_the_same_moment_are_counted_each(redis_home: Home) -> None:
    """Of eight at once three are looked at."""
    with ThreadPoolExecutor(8) as threads:
        found = Counter(
            threads.map(lambda _: status_of_login(redis_home, "ana", "wrong"), range(8))
        )
    assert found == {401: 3, 429: 5}


@on_sqlite
def test_a_sign_in_costs_fewer_statements(make_home: MakeHome, redis_url: str) -> None:
    """Its tries are counted, given back and cleared elsewhere."""
    spent = []
    for more in ({}, {"PORTERO_REDIS_URL": redis_url}):
        home = make_home(**more)
        if not more:
            home.create("ana")
        status_of_login(home, "ana", PASSWORD)
        with counted(home) as statements:
            assert status_of_login(home, "ana", PASSWORD) == 200
        spent.append(len(statements))
        assert any("limit_counters" in each for each in statements) is not bool(more)
    assert spent[0] - spent[1] == 3


@on_sqlite
def test_another_deployment_on_the_same_redis_has_counters_of_its_own(
    make_home: MakeHome, redis_url: str
) -> None:
    """By its issuer."""
    other = make_home(PORTERO_REDIS_URL=redis_url, PORTERO_ISSUER="http://127.0.0.1:8001", **NARROW)
    home = make_home(PORTERO_REDIS_URL=redis_url, **NARROW)
    assert wrong_tries(other, 4, "nobody") == {401, 429}
    assert wrong_tries(home, 1, "nobody") == {401}


@on_sqlite
def test_a_redis_that_is_gone_opens_nothing(make_home: MakeHome, own_redis: OwnRedis) -> None:
    """Fault injection: it goes while somebody guesses, and sign-in goes on, limited."""
    home = make_home(PORTERO_REDIS_URL=own_redis.url, **NARROW)
    home.create("ana")
    assert status_of_login(home, "ana", PASSWORD) == 200
    own_redis.stop()
    assert status_of_login(home, "ana", PASSWORD) == 200
    assert wrong_tries(home, 4) == {401, 429}
    assert counters_in_sql(home) > 0


def test_two_workers_count_together(server: StartServer, redis_url: str) -> None:
    """On a real server: of sixty guesses at once, from twenty threads, as many are looked at as
    may be; and the counters are nowhere else."""
    running = server(
        {
            **CHEAP_HASH,
            "PORTERO_WORKERS": "2",
            "PORTERO_REDIS_URL": redis_url,
            "PORTERO_LIMITS": "login_by_account=7/900",
            "PORTERO_CHALLENGE": "off",
        }
    )
    made = running.portero("users", "create", "ana", "--password-stdin", stdin=PASSWORD)
    assert made.returncode == 0, made.stderr
    body = {"username": "ana", "password": "not the right one"}

    def guess(_: int) -> int:
        return httpx2.post(f"{running.url}/login", json=body, timeout=60).status_code

    with ThreadPoolExecutor(20) as threads:
        assert Counter(threads.map(guess, range(60))) == {401: 7, 429: 53}
