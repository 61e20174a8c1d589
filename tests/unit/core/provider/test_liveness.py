"""What ended a moment ago, in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.provider.liveness import Liveness
from portero.kit.db import Database
from portero.outside.clock import SystemClock, SystemDice

NOW = datetime(2026, 5, 4, 12, 0, 30, 500_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MEMORY = timedelta(minutes=15)


@pytest.fixture
def feed(sqlite_url: str) -> ChangeFeed:
    """Never asked for anything: only this process's own changes are told here."""
    return ChangeFeed(Database(sqlite_url), SystemClock(), SystemDice(), memory=MEMORY)


def live(liveness: Liveness, *, session: str = "s", issued_at: datetime = NOW) -> bool:
    whole = issued_at.replace(microsecond=0)  # as `iat` has it
    return liveness.is_live(token_id="t", session_id=session, account_id="a", issued_at=whole)


def test_the_tokens_of_an_ended_session_are_dead(feed: ChangeFeed) -> None:
    """Whenever they were issued; other sessions' live."""
    liveness = Liveness(feed, memory=MEMORY)
    assert live(liveness)
    feed.apply_now(ChangeKind.SESSION_ENDED, "s", NOW)
    assert not live(liveness)
    assert not live(liveness, issued_at=NOW + SECOND)
    assert live(liveness, session="t")


def test_the_tokens_from_before_an_account_was_disabled_are_dead(feed: ChangeFeed) -> None:
    """Those of a sign-in after it was enabled again live, even in the same second."""
    liveness = Liveness(feed, memory=MEMORY)
    feed.apply_now(ChangeKind.ACCOUNT_DISABLED, "a", NOW)
    assert not live(liveness, issued_at=NOW - SECOND)
    assert live(liveness, issued_at=NOW + timedelta(milliseconds=100))
    assert live(liveness, issued_at=NOW + SECOND)


def test_a_token_without_a_session_of_the_same_second_is_dead(feed: ChangeFeed) -> None:
    """It could be from before, and no session that ended would tell so."""
    liveness = Liveness(feed, memory=MEMORY)
    feed.apply_now(ChangeKind.GRANTS_VOIDED, "a", NOW)
    assert not live(liveness, session="")
    assert live(liveness, session="", issued_at=NOW + SECOND)


def test_an_older_change_that_is_heard_late_does_not_undo_a_newer_one(feed: ChangeFeed) -> None:
    """Changes arrive out of order."""
    liveness = Liveness(feed, memory=MEMORY)
    feed.apply_now(ChangeKind.ACCOUNT_DISABLED, "a", NOW)
    feed.apply_now(ChangeKind.ACCOUNT_DISABLED, "a", NOW - 5 * SECOND)
    assert not live(liveness, issued_at=NOW - SECOND)


def test_an_end_is_forgotten_once_no_token_can_concern_it(feed: ChangeFeed) -> None:
    """Memory is bounded by what ended within a token's life."""
    liveness = Liveness(feed, memory=MEMORY)
    feed.apply_now(ChangeKind.SESSION_ENDED, "s", NOW)
    feed.apply_now(ChangeKind.SESSION_ENDED, "t", NOW + MEMORY)
    assert not live(liveness)
    feed.apply_now(ChangeKind.SESSION_ENDED, "u", NOW + MEMORY + SECOND)
    assert live(liveness)
    assert not live(liveness, session="t")
