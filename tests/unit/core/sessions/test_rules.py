"""When a session lives, and who may see and end it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account, AccountState
from portero.core.sessions import rules, store
from portero.core.sessions.model import EndReason, Lifetimes, Session
from portero.kit.db import Database

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def session(
    *, idle_until: datetime = NOW + HOUR, expires_at: datetime = NOW + HOUR, ended: bool = False
) -> Session:
    return Session(
        id="s",
        account_id="a",
        created_at=NOW - HOUR,
        auth_time=NOW - HOUR,
        last_used_at=NOW - HOUR,
        idle_until=idle_until,
        expires_at=expires_at,
        acr="aal1",
        amr=("pwd",),
        ended_at=NOW - MOMENT if ended else None,
    )


def account(state: AccountState = AccountState.ACTIVE) -> Account:
    return Account(
        id="a", username="ana", username_key="ana", state=state, created_at=NOW, updated_at=NOW
    )


@pytest.mark.parametrize(
    ("given", "live"),
    [
        (session(), True),
        (session(idle_until=NOW + MOMENT), True),
        (session(idle_until=NOW), False),
        (session(expires_at=NOW), False),
        (session(ended=True), False),
    ],
)
def test_a_session_lives_until_it_is_idle_over_or_ended(
    db: Database, given: Session, live: bool
) -> None:
    """To the microsecond, in a list as in a check: else one would show what the other refuses."""
    db.write(lambda tx: account_store.add(tx, account()))
    db.write(lambda tx: store.add(tx, given))
    found = db.read(lambda tx: store.find_live(tx, "a", "s", now=NOW))
    assert (found == given) is live
    assert bool(db.read(lambda tx: store.list_live(tx, "a", now=NOW, limit=1))) is live


def test_a_session_is_nobodys_but_its_owners(db: Database) -> None:
    """It is found, listed and ended with its owner's id alone."""
    db.write(lambda tx: account_store.add(tx, account()))
    db.write(lambda tx: store.add(tx, session()))
    assert db.read(lambda tx: store.find_live(tx, "b", "s", now=NOW)) is None
    by_other = db.write(
        lambda tx: store.end(tx, "b", now=NOW, reason=EndReason.REVOKED, only=("s",))
    )
    assert by_other == []
    by_owner = db.write(
        lambda tx: store.end(tx, "a", now=NOW, reason=EndReason.REVOKED, only=("s",))
    )
    assert by_owner == ["s"]


@pytest.mark.parametrize("state", [AccountState.DISABLED, AccountState.PENDING])
def test_no_session_lives_on_an_account_that_is_not_active(
    db: Database, state: AccountState
) -> None:
    """Even one that nobody ended."""
    db.write(lambda tx: account_store.add(tx, account(state)))
    db.write(lambda tx: store.add(tx, session()))
    assert db.read(lambda tx: store.find_live(tx, "a", "s", now=NOW)) is None


def test_ending_twice_keeps_the_first_reason(db: Database) -> None:
    """The audit trail must not be rewritten by a later sweep."""
    db.write(lambda tx: account_store.add(tx, account()))
    db.write(lambda tx: store.add(tx, session()))
    for reason in (EndReason.LOGOUT, EndReason.PASSWORD_CHANGED):
        db.write(lambda tx, r=reason: store.end(tx, "a", now=NOW, reason=r))  # type: ignore[misc]  # mypy infers no lambda with a default
    row = db.read(lambda tx: tx.execute(store.sessions.select()).one())
    assert row.end_reason == EndReason.LOGOUT


@pytest.mark.parametrize(("idle", "seconds"), [(240, 60), (1200, 300), (14 * 86_400, 300)])
def test_last_use_is_written_often_enough_for_the_idle_lifetime(idle: int, seconds: int) -> None:
    """Whoever comes more often than the idle lifetime is never found idle; and 5 minutes are
    enough for the longest."""
    lifetimes = Lifetimes(idle, 90 * 86_400)
    assert rules.touch_every(lifetimes) == timedelta(seconds=seconds)
    used = session()
    moment = used.last_used_at + timedelta(seconds=seconds)
    assert rules.needs_touch(used, moment, lifetimes)
    assert not rules.needs_touch(used, moment - MOMENT, lifetimes)
