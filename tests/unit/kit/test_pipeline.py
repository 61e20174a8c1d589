"""What is run later: in its turn, in its transaction, and with errors like all others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from portero.core.accounts.model import Account, AccountState
from portero.core.accounts.store import accounts
from portero.core.provider.store import refresh_tokens
from portero.kit.db import Database, DatabaseUnavailable, Patience, Tx, hold_to_patience
from portero.kit.prepared import Prepared

NOW = datetime(2026, 5, 4, 3, 2, 1, 123456, UTC)
ALICE = Account(
    "0197", "Alice", "alice", AccountState.ACTIVE, NOW, NOW, attributes={"team": ["red", 1]}
)
BOB = replace(ALICE, id="0198", username="Bob", username_key="bob")

put = Prepared(accounts.insert(), Account.__slots__)
names = Prepared(sa.select(accounts.c.username).order_by(accounts.c.username))
put_token = Prepared(
    refresh_tokens.insert(), ("token_hash", "grant_id", "client_id", "created_at", "expires_at")
)

_CONFLICT_AT_FIRST = """
CREATE FUNCTION pg_temp.conflict(tries int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF tries < 2 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
    RETURN tries;
END $$
"""


def values(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in Account.__slots__}


def token(**more: object) -> dict[str, object]:
    told = {"token_hash": "h", "grant_id": "none", "client_id": "c"}
    return {**told, "created_at": NOW, "expires_at": NOW, **more}


def known(tx: Tx) -> list[str]:
    return [row["username"] for row in names.rows(tx, {})]


def test_it_is_run_before_the_commit(db: Database) -> None:
    """Also when nothing else of the transaction is run after it, or at all."""
    db.write(lambda tx: put.later(tx, values(ALICE)))
    db.write(lambda tx: put.later(tx, values(BOB)))
    assert db.read(known) == ["Alice", "Bob"]


def test_it_is_run_before_whatever_is_asked_next(db: Database) -> None:
    """By the short way or the common one: a transaction sees what it did."""

    def unit(tx: Tx) -> tuple[list[str], int | None]:
        put.later(tx, values(ALICE))
        short = known(tx)
        put.later(tx, values(BOB))
        return short, tx.execute(sa.select(sa.func.count()).select_from(accounts)).scalar()

    assert db.write(unit) == (["Alice"], 2)


def test_a_refusal_leaves_nothing_behind(database_url: str) -> None:
    """Neither in the database nor for the next transaction of that connection."""
    db = Database(database_url, pool_size=1)

    def refuse(tx: Tx) -> None:
        put.later(tx, values(ALICE))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.write(refuse)
    db.write(lambda tx: put.later(tx, values(BOB)))
    assert db.read(known) == ["Bob"]
    db.dispose()


def test_its_error_names_the_statement_and_no_value(database_url: str) -> None:
    """The attack: whoever reads the logs of a crash learns hashes. Nothing is committed, and the
    connection is good for the next one, which prepares what the server never came to."""
    db = Database(database_url, pool_size=1)

    def unit(tx: Tx) -> None:
        put_token.later(tx, token(token_hash="a-secret-hash"))
        put.later(tx, values(ALICE))

    with pytest.raises(sa.exc.IntegrityError) as caught:
        db.write(unit)
    assert "refresh_tokens" in (caught.value.statement or "")
    assert "a-secret-hash" not in f"{caught.value.statement}{caught.value.params}"
    assert db.read(known) == []
    db.write(lambda tx: put.later(tx, values(ALICE)))
    assert db.read(known) == ["Alice"]
    db.dispose()


def test_a_failure_does_not_hide_behind_a_later_answer(db: Database) -> None:
    """The statement that is sent along with a failed one has no answer either."""

    def unit(tx: Tx) -> list[str]:
        put_token.later(tx, token())
        return known(tx)

    with pytest.raises(sa.exc.IntegrityError):
        db.write(unit)


def test_a_value_that_is_none_of_the_columns_kind_is_an_error(postgresql_url: str) -> None:
    """A NUL would end the text for libpq, and what is stored would not be what was checked."""
    db = Database(postgresql_url)
    cut = replace(ALICE, username="Ali\0ce")
    with pytest.raises(sa.exc.DataError):
        db.write(lambda tx: put.later(tx, values(cut)))
    with pytest.raises(sa.exc.DataError):
        db.write(lambda tx: put.run(tx, values(cut)))
    assert db.read(known) == []
    db.dispose()


def test_more_than_the_socket_takes_at_once(db: Database) -> None:
    """Questions are sent on while answers come."""
    long = {"much": "x" * 5_000_000}

    def unit(tx: Tx) -> None:
        put.later(tx, values(replace(ALICE, attributes=long)))
        put.later(tx, values(replace(BOB, attributes=long)))

    db.write(unit)
    found = db.read(lambda tx: tx.execute(sa.select(accounts.c.attributes)).scalars().all())
    assert found == [long, long]


def test_a_conflict_is_tried_again(postgresql_url: str) -> None:
    """Though it comes from a statement whose answer nobody asked for."""
    db = Database(postgresql_url, pool_size=1)
    tries: list[int] = []
    tried = sa.bindparam("tries", type_=sa.Integer)
    conflict = Prepared(sa.select(sa.func.pg_temp.conflict(tried)))

    def unit(tx: Tx) -> None:
        tries.append(1)
        conflict.later(tx, {"tries": len(tries)})
        put.later(tx, values(ALICE))

    db.write(lambda tx: tx.exec_driver_sql(_CONFLICT_AT_FIRST))
    db.write(unit)
    assert len(tries) == 2
    assert db.read(known) == ["Alice"]
    db.dispose()


def test_a_connection_that_was_ended_is_not_used_again(postgresql_url: str) -> None:
    """The server went away between two statements: that is said, and the next one works."""
    db, other = Database(postgresql_url, pool_size=1), Database(postgresql_url)
    own_pid = Prepared(sa.select(sa.func.pg_backend_pid().label("pid")))

    def unit(tx: Tx) -> None:
        (row,) = own_pid.rows(tx, {})
        end = sa.select(sa.func.pg_terminate_backend(row["pid"], 5000))
        other.read(lambda tx: tx.execute(end).scalar())
        put.later(tx, values(ALICE))

    with pytest.raises(DatabaseUnavailable):
        db.write(unit)
    db.write(lambda tx: put.later(tx, values(BOB)))
    assert db.read(known) == ["Bob"]
    db.dispose()
    other.dispose()


def test_what_must_be_in_time_is_not_sent_with_its_commit(postgresql_url: str) -> None:
    """Who noted a change and then waits for a lock is rolled back when that was too long."""
    db = Database(postgresql_url, patience=Patience(transaction=0.2))
    slow = Prepared(sa.select(sa.func.pg_sleep(0.5)))

    def unit(tx: Tx) -> None:
        put.later(tx, values(ALICE))
        hold_to_patience(tx)
        slow.later(tx, {})

    with pytest.raises(DatabaseUnavailable):
        db.write(unit)
    assert db.read(known) == []
    db.dispose()


def test_a_commit_that_fails_is_no_commit(postgresql_url: str) -> None:
    """What is checked only then: the error is an error, and the connection good."""
    db = Database(postgresql_url, pool_size=1)
    deferred = "ALTER TABLE refresh_tokens ALTER CONSTRAINT {} DEFERRABLE INITIALLY DEFERRED"
    (key,) = (each.name for each in refresh_tokens.foreign_key_constraints)

    def unit(tx: Tx) -> None:
        tx.exec_driver_sql(deferred.format(key))
        put_token.later(tx, token())

    with pytest.raises(sa.exc.IntegrityError) as caught:
        db.write(unit)
    assert caught.value.statement == "COMMIT"
    db.write(lambda tx: put.later(tx, values(ALICE)))
    assert db.read(known) == ["Alice"]
    db.dispose()
