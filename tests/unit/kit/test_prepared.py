"""Prepared statements: the short way to the driver answers as `tx.execute` does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from portero.core.accounts.model import Account, AccountState
from portero.core.accounts.store import accounts, add
from portero.core.sessions.store import browsers
from portero.kit.db import Database
from portero.kit.prepared import Prepared, UpdateBeside

NOW = datetime(2026, 5, 4, 3, 2, 1, 123456, UTC)
ALICE = Account(
    "0197", "Alice", "alice", AccountState.ACTIVE, NOW, NOW, attributes={"team": ["red", 1]}
)
by_name = sa.select(accounts).where(accounts.c.username_key == sa.bindparam("name"))


def test_a_row_is_what_execute_gives(db: Database) -> None:
    """Moments, booleans, JSON and NULL come back alike."""
    db.write(lambda tx: add(tx, ALICE))
    expected = db.read(lambda tx: tx.execute(by_name, {"name": "alice"}).one()._asdict())
    found = db.read(lambda tx: Prepared(by_name).one_or_none(tx, {"name": "alice"}))
    assert found == expected
    assert found is not None
    assert found["created_at"] == NOW
    assert found["attributes"] == {"team": ["red", 1]}
    assert found["verified_email_key"] is None


def test_json_without_utf8_is_kept_on_sqlite(tmp_path: Path) -> None:
    """Half a surrogate pair: the quick way refuses it, and is not the only one."""
    odd = replace(ALICE, attributes={"team": "\ud800"})
    here = Database(f"sqlite:///{tmp_path / 'odd.db'}")
    here.write(accounts.create)
    here.write(lambda tx: add(tx, odd))
    found = here.read(lambda tx: Prepared(by_name).one_or_none(tx, {"name": "alice"}))
    here.dispose()
    assert found is not None
    assert found["attributes"] == odd.attributes


def test_nobody_is_none(db: Database) -> None:
    """A statement that finds nothing answers None."""
    assert db.read(lambda tx: Prepared(by_name).one_or_none(tx, {"name": "bob"})) is None


def test_an_insert_takes_the_columns_that_are_named(db: Database) -> None:
    """What it writes can be read in the common way; columns that are not named are NULL."""
    values = {name: getattr(ALICE, name) for name in Account.__slots__}
    put = Prepared(accounts.insert(), Account.__slots__)
    assert db.write(lambda tx: put.run(tx, values)) == 1
    row = db.read(lambda tx: tx.execute(by_name, {"name": "alice"}).one())
    assert (row.created_at, row.attributes) == (NOW, {"team": ["red", 1]})
    assert row.verified_email_key is None


def test_fixed_values_stay_in_the_statement(db: Database) -> None:
    """A literal in the statement is no value that the caller has to know."""
    rename = Prepared(
        accounts.update()
        .where(accounts.c.id == sa.bindparam("of"))
        .values(display_name="The same for all")
        .returning(accounts.c.username, accounts.c.display_name)
    )
    db.write(lambda tx: add(tx, ALICE))
    changed = db.write(lambda tx: rename.rows(tx, {"of": ALICE.id}))
    assert changed == [{"username": "Alice", "display_name": "The same for all"}]


def test_a_missing_value_is_an_error_and_no_null(db: Database) -> None:
    """A typing mistake in a store must not write NULL."""
    values = {name: getattr(ALICE, name) for name in Account.__slots__ if name != "email"}
    put = Prepared(accounts.insert(), Account.__slots__)
    with pytest.raises(KeyError, match="email"):
        db.write(lambda tx: put.run(tx, values))


def test_errors_are_those_of_execute_without_the_values(db: Database) -> None:
    """A broken constraint is an IntegrityError that shows no value, and nothing was committed."""
    bob = replace(ALICE, id="0198", username="Bob")  # the same key
    values = {name: getattr(bob, name) for name in Account.__slots__}
    put = Prepared(accounts.insert(), Account.__slots__)
    db.write(lambda tx: add(tx, ALICE))
    with pytest.raises(sa.exc.IntegrityError) as caught:
        db.write(lambda tx: put.run(tx, values))
    assert caught.value.params is None
    assert db.read(lambda tx: tx.execute(sa.select(accounts.c.id)).scalars().all()) == ["0197"]


def test_listeners_see_the_statement(db: Database) -> None:
    """Whoever counts or traces statements counts these too."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    db.read(lambda tx: Prepared(by_name).one_or_none(tx, {"name": "bob"}))
    assert any("FROM accounts" in statement for statement in seen)


def test_many_rows_are_written_at_once(db: Database) -> None:
    """All of them or, where one breaks a constraint, none."""
    put = Prepared(accounts.insert(), Account.__slots__)
    ids = sa.select(accounts.c.id).order_by(accounts.c.id)

    def rows(*names: str) -> list[dict[str, object]]:
        made = [replace(ALICE, id=name, username=name, username_key=name) for name in names]
        return [{name: getattr(each, name) for name in Account.__slots__} for each in made]

    names = [f"{number:03}" for number in range(200)]
    db.write(lambda tx: put.run_many(tx, rows(*names)))
    with pytest.raises(sa.exc.IntegrityError):
        db.write(lambda tx: put.run_many(tx, rows("200", "000")))
    assert db.read(lambda tx: tx.execute(ids).scalars().all()) == names


@pytest.mark.parametrize("state", list(AccountState))
def test_an_update_beside_a_query_tells_what_it_found(db: Database, state: AccountState) -> None:
    """Its values are those of a SELECT; where the query finds nothing, nothing is changed."""
    beside = UpdateBeside(
        browsers.update().where(browsers.c.id == sa.bindparam("of")).values(lasts=False),
        sa.select(accounts).where(accounts.c.state == AccountState.ACTIVE),
        on=(browsers.c.chosen_session_id, accounts.c.id),
    )
    browser = {"id": "b", "secret_hash": "s", "created_at": NOW, "chosen_session_id": ALICE.id}
    db.write(lambda tx: add(tx, replace(ALICE, state=state)))
    db.write(lambda tx: tx.execute(browsers.insert().values(browser)))
    is_active = state is AccountState.ACTIVE
    expected = db.read(lambda tx: tx.execute(by_name, {"name": "alice"}).one()._mapping)
    found = db.write(lambda tx: beside.rows_by_column(tx, {"of": "b"}))
    assert found == ([{each: expected[each] for each in accounts.c}] if is_active else [])
    lasts = db.read(lambda tx: tx.execute(sa.select(browsers.c.lasts)).scalar_one())
    assert lasts is not is_active
