"""One browser, and one server for each way in which tests here want it, for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.support.browsing import (
    Application,
    Place,
    Places,
    listening,
    opened_browser,
    placed,
)

# Strangers may register applications, so that the page about those is there too.
USUAL = {"PORTERO_CLIENT_REGISTRATION": "open"}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def application() -> Iterator[Application]:
    with listening("127.0.0.1") as made:
        yield made


@pytest.fixture(scope="package")
def places(tmp_path_factory: pytest.TempPathFactory, application: Application) -> Iterator[Places]:
    """`places(host, use, **settings)`: a server of that kind, the same one for the same `use`."""
    made: dict[object, Place] = {}
    with ExitStack() as running:

        def of(host: str = "127.0.0.1", use: str = "", **settings: str) -> Place:
            wanted = (host, use, frozenset(settings.items()))
            if wanted not in made:
                folder = tmp_path_factory.mktemp("place")
                place = placed(folder, application, host, **USUAL, **settings)
                made[wanted] = running.enter_context(place)
            return made[wanted]

        yield of


@pytest.fixture
def place(places: Places) -> Place:
    return places()


@pytest.fixture
def domain(places: Places) -> Place:
    """At a host name: an address has no passkeys."""
    return places("localhost")
