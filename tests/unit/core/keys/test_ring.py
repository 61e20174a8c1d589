"""What a process holds in memory of the keys, and what happens while the table can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from portero.core.audit import Actor
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.protocol.jose.algorithms import SigningAlg

if TYPE_CHECKING:
    from tests.unit.core.keys.conftest import KeyHouse

ES256 = SigningAlg.ES256


@contextmanager
def unreadable_table(db: Database) -> Iterator[None]:
    """The database answers, and not to what the ring asks."""
    rename = "ALTER TABLE {} RENAME TO {}"
    db.write(lambda tx: tx.exec_driver_sql(rename.format("signing_keys", "elsewhere")))
    try:
        yield
    finally:
        db.write(lambda tx: tx.exec_driver_sql(rename.format("elsewhere", "signing_keys")))


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """All that is sent to the database meanwhile."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def kids(house: KeyHouse) -> list[str]:
    return [key["kid"] for key in house.ring.published_jwks(house.clock.now())]


def test_asking_for_keys_after_a_change_costs_no_statement(
    house: KeyHouse, old_secret: Secret
) -> None:
    """Whoever hears the change reads the table: a key set is answered on the event loop, where a
    slow database would make everybody wait."""
    other = house.under(old_secret)
    other.keys.keep((ES256,))
    house.feed.poll()
    with statements(house.db) as sent:
        assert len(kids(house)) == 1
        house.ring.signer(ES256, house.clock.now())
        assert sent == []


def test_keys_stay_while_the_table_can_not_be_read(house: KeyHouse, old_secret: Secret) -> None:
    """A broken database after a change of keys does not take away the keys that are known; when
    it is well again, the change is caught up with."""
    house.keys.keep((ES256,))
    before = kids(house)
    house.under(old_secret).keys.rotate(Actor.operator(), ES256)
    with unreadable_table(house.db):
        house.feed.poll()
        assert kids(house) == before
        assert house.ring.signer(ES256, house.clock.now()).kid == before[0]
        house.ring.catch_up()
        assert kids(house) == before
    house.ring.catch_up()
    assert len(kids(house)) == 2
    with statements(house.db) as sent:
        house.ring.catch_up()
        assert sent == []
