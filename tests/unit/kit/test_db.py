"""How long a transaction waits and lasts, and what is said when the database is broken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portero.core.accounts import store
from portero.core.accounts.model import Account, AccountState
from portero.core.factors.password import StoredPassword
from portero.core.factors.password import store as password_store
from portero.kit.db import Database, DatabaseUnavailable, Patience, Tx

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
# Nobody waits for long; who holds something may take its time, however slow the machine is.
SHORT = Patience(lock=0.2, retries=0.2)


def account(name: str = "ana") -> Account:
    return Account(
        id=name,
        username=name,
        username_key=name,
        state=AccountState.ACTIVE,
        created_at=NOW,
        updated_at=NOW,
    )


def disable(tx: Tx) -> None:
    store.set_state(tx, "ana", AccountState.DISABLED, now=NOW)


@contextmanager
def held(db: Database) -> Iterator[None]:
    """Somebody is in the middle of changing ana, and does not end."""
    in_hand, over = threading.Event(), threading.Event()

    def hold(tx: Tx) -> None:
        disable(tx)
        in_hand.set()
        over.wait(30)

    holder = threading.Thread(target=lambda: db.write(hold))
    holder.start()
    assert in_hand.wait(10)
    try:
        yield
    finally:
        over.set()
        holder.join()


def test_nobody_waits_for_a_lock_without_end(database_url: str) -> None:
    """The attack: hold one row, and every thread that wants it is gone. It is refused instead,
    for the writer in the same process and in another."""
    ours, others = Database(database_url, patience=SHORT), Database(database_url, patience=SHORT)
    ours.write(lambda tx: store.add(tx, account()))
    with held(ours):
        for db in (ours, others):
            with pytest.raises(DatabaseUnavailable):
                db.write(disable)
    ours.write(disable)
    ours.dispose()
    others.dispose()


def test_a_transaction_that_lasted_too_long_is_rolled_back(database_url: str) -> None:
    """What it ended would be heard by nobody: other processes have looked past its time."""
    slow = Database(database_url, patience=Patience(transaction=0))
    with pytest.raises(DatabaseUnavailable):
        slow.write(lambda tx: store.add(tx, account()))
    assert slow.read(lambda tx: store.find(tx, "ana")) is None
    assert slow.write(lambda tx: store.add(tx, account()), unhurried=True)
    slow.dispose()


def test_postgresql_ends_what_stands_still(postgresql_url: str) -> None:
    """Each connection is told, because PgBouncer refuses options at the start; a migration isn't
    hurried, and the next transaction on its connection is."""
    db = Database(postgresql_url, pool_size=1)
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    def told(tx: Tx) -> list[str]:
        return [tx.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]

    assert db.write(told) == ["10s", "15s", "15s"]
    assert db.write(told, unhurried=True) == ["0", "0", "0"]
    assert db.read(told) == ["10s", "15s", "15s"]
    db.dispose()


def test_a_broken_database_is_said_in_the_log(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """With the driver's own words: else all that shows is 503s."""
    folder = tmp_path_factory.mktemp("gone")
    db = Database(f"sqlite:///{folder}/not-there/portero.db")
    with caplog.at_level(logging.WARNING), pytest.raises(DatabaseUnavailable):
        db.ping()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("portero.kit.db", "WARNING")
    assert "unable to open database file" in record.getMessage()


def test_an_error_of_the_database_tells_no_parameter(db: Database) -> None:
    """The attack: whoever reads the logs of a crash learns password hashes and sealed secrets."""
    of_nobody = StoredPassword("nobody", "$argon2id$secret", "argon2id", NOW, NOW)
    with pytest.raises(sa.exc.IntegrityError) as refused:
        db.write(lambda tx: password_store.put(tx, of_nobody))
    assert "argon2id" not in str(refused.value)


WAITS_FOR_DISK: dict[str, tuple[str, dict[bool, object]]] = {
    "sqlite": ("PRAGMA synchronous", {True: 2, False: 1}),  # FULL and NORMAL
    "postgresql": ("SHOW synchronous_commit", {True: "on", False: "off"}),
}


def test_only_what_a_power_cut_may_undo_does_not_wait_for_the_disk(database_url: str) -> None:
    """Whatever was acknowledged is on the disk; the connection is as it was after a counter, also
    when its transaction failed."""
    db = Database(database_url, pool_size=1)
    ask, answers = WAITS_FOR_DISK[db.dialect]
    if db.dialect == "postgresql":  # the tests' own server is in a hurry
        db.write(lambda tx: tx.exec_driver_sql("SET synchronous_commit = on"))

    def waits(tx: Tx) -> object:
        return tx.exec_driver_sql(ask).scalar_one()

    def fail(tx: Tx) -> None:
        raise ZeroDivisionError

    assert db.write(waits) == answers[True]
    assert db.write(waits, durable=False) == answers[False]
    with pytest.raises(ZeroDivisionError):
        db.write(fail, durable=False)
    assert db.write(waits) == answers[True]
    db.dispose()
