"""The tables of passwords and of former ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from portero.core.accounts import store as accounts_store
from portero.core.factors.password import store
from portero.core.factors.password.model import StoredPassword
from portero.kit.db import Database
from tests.unit.core.factors.password.conftest import NOW

LATER = NOW + timedelta(days=1)


def put(db: Database, stored: StoredPassword) -> None:
    db.write(lambda tx: store.put(tx, stored))


def one(account_id: str, encoded: str = "old", scheme: str = "s1") -> StoredPassword:
    return StoredPassword(account_id, encoded, scheme, NOW, NOW, must_change=True)


def test_put_twice_keeps_the_second(db: Database, account_id: str) -> None:
    """There is one password per account, whole."""
    put(db, one(account_id))
    second = StoredPassword(account_id, "new", "s2", LATER, LATER)
    put(db, second)
    assert db.read(lambda tx: store.load(tx, account_id)) == second


def test_replace_takes_the_place_of_what_was_expected(db: Database, account_id: str) -> None:
    """A rehash changes the encoding and its time, and nothing about the choice."""
    put(db, one(account_id))
    assert db.write(
        lambda tx: store.replace(
            tx, account_id, expected="old", encoded="new", scheme="s2", now=LATER
        )
    )
    expected = replace(one(account_id), encoded="new", scheme="s2", encoded_at=LATER)
    assert db.read(lambda tx: store.load(tx, account_id)) == expected


def test_a_chosen_replacement_is_a_change(db: Database, account_id: str) -> None:
    """It is new from now on, and nobody else's choice."""
    put(db, one(account_id))
    assert db.write(
        lambda tx: store.replace(
            tx, account_id, expected="old", encoded="new", scheme="s2", now=LATER, chosen=True
        )
    )
    expected = StoredPassword(account_id, "new", "s2", LATER, LATER, must_change=False)
    assert db.read(lambda tx: store.load(tx, account_id)) == expected


def test_replace_loses_against_a_change_that_came_between(db: Database, account_id: str) -> None:
    """A late rehash must not bring the old password back."""
    put(db, one(account_id, encoded="changed"))
    assert not db.write(
        lambda tx: store.replace(
            tx, account_id, expected="old", encoded="new", scheme="s2", now=LATER
        )
    )
    assert db.read(lambda tx: store.load(tx, account_id)) == one(account_id, encoded="changed")


def test_schemes_in_use_are_told_once_each(db: Database, account_id: str) -> None:
    """With an encoding that has that scheme."""
    account = db.read(lambda tx: accounts_store.find(tx, account_id))
    assert account is not None
    for number, scheme in enumerate(["s1", "s1", "s2", "s3"], start=2):
        other = replace(account, id=f"acc-{number}", username_key=f"user{number}")
        db.write(partial(accounts_store.add, account=other))
        put(db, one(other.id, encoded=f"{scheme}-x", scheme=scheme))
    found = db.read(store.schemes_in_use)
    assert found == {"s1": "s1-x", "s2": "s2-x", "s3": "s3-x"}


def test_history_keeps_the_newest(db: Database, account_id: str) -> None:
    """Older ones than `keep` are forgotten."""
    for number in range(4):
        now = NOW + timedelta(minutes=number)
        remember = partial(store.remember, encoded=f"e{number}", now=now, keep=2)
        db.write(partial(remember, account_id=account_id))
    assert db.read(lambda tx: store.recent(tx, account_id, limit=9)) == ["e3", "e2"]


def test_a_deleted_account_leaves_nothing(db: Database, account_id: str) -> None:
    """Neither the password nor the history of it."""
    put(db, one(account_id))
    db.write(lambda tx: store.remember(tx, account_id, "e", now=NOW, keep=5))
    db.write(lambda tx: accounts_store.delete(tx, account_id))
    assert db.read(lambda tx: store.load(tx, account_id)) is None
    assert db.read(lambda tx: store.recent(tx, account_id, limit=5)) == []
