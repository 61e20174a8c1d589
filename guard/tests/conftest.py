"""A local issuer, a clock that moves, and a guard that knows both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guard.tests.local_issuer import AUDIENCE, LocalIssuer, Moving
from portero_guard import Guard


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as local:
        yield local


@pytest.fixture
def moving() -> Moving:
    return Moving()


@pytest.fixture
def guard(issuer: LocalIssuer, moving: Moving) -> Guard:
    return Guard(
        issuers=issuer.url, audience=AUDIENCE, clock=moving.now, monotonic=moving.monotonic
    )
