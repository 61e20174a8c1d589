"""The same tests for each place that tries are counted in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from portero.core.limits import Limits
from portero.core.limits.fallback import WithFallback
from portero.core.limits.ports import Counters
from portero.core.limits.store import SqlCounters
from portero.kit.secrets import Secret
from portero.outside.redis import RedisCounters
from tests.support.house import MovableClock

PLACES = ("sqlite", "postgresql", "redis")
MakeLimits = Callable[..., Limits]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def database_url(place: str, request: pytest.FixtureRequest) -> str:
    """That of the verb. Beside Redis it is SQLite, where many verbs share one transaction."""
    url: str = request.getfixturevalue("sqlite_url" if place == "redis" else f"{place}_url")
    return url


@pytest.fixture
def counters(place: str, request: pytest.FixtureRequest) -> Iterator[Counters]:
    if place != "redis":
        yield SqlCounters()
        return
    redis = RedisCounters(Secret(request.getfixturevalue("redis_url")), owner="tests")
    yield WithFallback(redis, SqlCounters(), MovableClock())
    redis.close()


@pytest.fixture
def make_limits(counters: Counters) -> MakeLimits:
    return partial(Limits, counters=counters)
