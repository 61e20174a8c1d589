"""The served production server that these tests are aimed at, one for each process of the run. When
all have run, nothing that was a secret in any of them is in what the server has written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.production import Production, production


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(tmp_path_factory.mktemp("production")) as started:
        yield started
        assert started.leaks() == []


@pytest.fixture
def database_url(target: Production) -> str:
    """The server's own, also for a test that names another: it is aimed at this one here."""
    return target.house.settings.database_url.reveal()


@pytest.fixture
def home(target: Production, database_url: str) -> Production:
    """As on its first day: what other tests left is gone, and what they wrote was looked at."""
    assert target.leaks() == [], "of the test before"
    target.empty()
    return target
