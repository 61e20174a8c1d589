"""Each process's memory of clients."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portero.core.audit import Actor
from portero.core.changes.memory import MAX_AGE_SECONDS
from portero.core.clients import ClientState
from tests.unit.core.clients.conftest import Process

OPERATOR = Actor.operator()
WEB = {"redirect_uris": ["https://rp.example/cb"]}


def test_a_hit_costs_no_sql(here: Process, statements: list[str]) -> None:
    """The built-in client never costs any."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    cache = here.new_cache()
    first = cache.find("a")
    statements.clear()
    assert cache.find("a") is first
    assert cache.find("portero") is not None
    assert statements == []


def test_unknown_ids_are_not_remembered(here: Process) -> None:
    """A client is found as soon as it is registered, by any process."""
    cache = here.new_cache()
    assert cache.find("a") is None
    here.clients.create(OPERATOR, WEB, client_id="a")
    assert cache.find("a") is not None


@pytest.mark.parametrize("client_id", ["", "a\0", "\ud800", "x" * 100_000, "https://evil.example/"])
def test_what_is_no_id_costs_no_sql(here: Process, statements: list[str], client_id: str) -> None:
    """It can't be in the table."""
    statements.clear()
    assert here.new_cache().find(client_id) is None
    assert statements == []


def test_a_change_is_seen_at_once_in_its_own_process(here: Process) -> None:
    """Disabled, rotated, deleted: the next request knows."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    cache = here.new_cache()
    before = cache.find("a")
    assert before is not None
    here.clients.set_state(OPERATOR, "a", ClientState.DISABLED)
    disabled = cache.find("a")
    assert disabled is not None
    assert not disabled.is_active
    here.clients.rotate_secret(OPERATOR, "a")
    rotated = cache.find("a")
    assert rotated is not None
    assert rotated.secret_hash != before.secret_hash
    here.clients.delete(OPERATOR, "a")
    assert cache.find("a") is None


def test_another_process_sees_a_change_at_its_next_poll(here: Process, there: Process) -> None:
    """Which comes several times a second; without it the backstop of some seconds holds."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    there.feed.poll()
    cache = there.new_cache()
    assert cache.find("a") is not None
    here.clients.delete(OPERATOR, "a")
    assert cache.find("a") is not None
    there.feed.poll()
    assert cache.find("a") is None


def test_a_feed_that_stands_still_is_outlived(here: Process, there: Process) -> None:
    """Nothing is believed for longer than the backstop."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    cache = there.new_cache()
    assert cache.find("a") is not None
    here.clients.delete(OPERATOR, "a")
    here.clock.move(MAX_AGE_SECONDS)
    assert cache.find("a") is None


def test_a_change_during_a_load_is_not_overwritten(here: Process) -> None:
    """What was read before the change is not kept after it."""
    here.clients.create(OPERATOR, WEB, client_id="a")
    cache = here.new_cache()
    waiting = [ClientState.DISABLED]

    def between_read_and_keep(*arguments: object) -> None:
        if waiting and str(arguments[2]).startswith("SELECT"):
            here.clients.set_state(OPERATOR, "a", waiting.pop())

    sa.event.listen(here.db.engine, "after_cursor_execute", between_read_and_keep)
    stale = cache.find("a")
    assert stale is not None
    assert stale.is_active
    found = cache.find("a")
    assert found is not None
    assert not found.is_active


def test_it_is_bounded(here: Process, statements: list[str]) -> None:
    """The one loaded longest ago makes room; unknown ids push nobody out."""
    for name in ("a", "b", "c"):
        here.clients.create(OPERATOR, WEB, client_id=name)
    cache = here.new_cache(capacity=2)
    for name in ("a", "b", "c", "x", "y", "z"):
        cache.find(name)
    statements.clear()
    cache.find("b")
    cache.find("c")
    assert statements == []
    cache.find("a")
    assert statements != []
