"""The table of pushed requests: a look spends nothing, using one up happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from portero.core.provider.par import Pushed, store
from portero.kit.db import Database
from portero.protocol.oauth.parameters import Parameters

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)
PUSHED = Pushed(
    "a" * 64,
    "notes",
    Parameters({"scope": ("openid",), "resource": ("https://a.example", "https://b.example")}),
)


@pytest.fixture
def kept(db: Database) -> Database:
    db.write(lambda tx: store.add(tx, PUSHED, now=NOW, expires_at=LATER))
    return db


def found(db: Database, *, client_id: str = "notes", now: datetime = NOW) -> Pushed | None:
    return db.read(lambda tx: store.find_waiting(tx, PUSHED.id, client_id, now=now))


def used(db: Database, *, client_id: str = "notes", now: datetime = NOW) -> bool:
    return db.write(lambda tx: store.use(tx, PUSHED.id, client_id, now=now))


def test_a_request_is_found_as_it_was_pushed_as_often_as_it_is_looked_for(kept: Database) -> None:
    """RFC 9126 §4: a reload of the page before the end is no second use."""
    for _ in range(3):
        request = found(kept)
        assert request is not None
        assert dict(request.parameters.as_mapping()) == dict(PUSHED.parameters.as_mapping())


def test_another_client_finds_nothing_and_spends_nothing(kept: Database) -> None:
    """RFC 9126 §4: bound to the client that pushed it."""
    assert found(kept, client_id="other") is None
    assert not used(kept, client_id="other")
    assert found(kept) is not None


def test_it_can_not_be_begun_after_its_time_but_be_ended(kept: Database) -> None:
    """Signing in may take longer than the request_uri lives."""
    assert found(kept, now=LATER) is None
    assert used(kept, now=LATER + timedelta(minutes=5))


def test_of_many_at_once_one_uses_it_up(kept: Database) -> None:
    """Two tabs that end at the same moment get one code between them."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: used(kept), range(20)))
    assert answers.count(True) == 1
    assert found(kept) is None


def test_the_old_are_forgotten(kept: Database) -> None:
    """What expired before the moment, and nothing else."""
    assert kept.write(lambda tx: store.purge(tx, before=LATER)) == 0
    assert kept.write(lambda tx: store.purge(tx, before=LATER + timedelta(seconds=1))) == 1
