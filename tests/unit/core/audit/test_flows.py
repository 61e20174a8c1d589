"""Events, recorded with the verb and read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from portero.core.audit import Actor, AuditLog, Event, Origin, Outcome
from portero.kit.db import Database, Tx
from portero.kit.ports import NoMeter
from portero.outside.clock import SystemDice

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ORIGIN = Origin(request_id="r1", address="192.0.2.7", user_agent="x" * 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted(Event):
    kind: ClassVar[str] = "wall.painted"
    colour: str
    coats: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fell(Event):
    kind: ClassVar[str] = "wall.fell"
    outcome: ClassVar[Outcome] = Outcome.FAILURE


class Undone(Exception):
    pass


@pytest.fixture
def audit(db: Database) -> AuditLog:
    return AuditLog(db, SystemDice())


def test_an_entry_says_who_what_when_and_where(db: Database, audit: AuditLog) -> None:
    """The event's own fields become its details; a long user agent is cut."""
    actor = Actor.account("a", session_id="s", client_id="c", origin=ORIGIN)
    event = Painted(account_id="b", factor="brush", colour="red", coats=(1, 2))
    db.write(lambda tx: audit.record(tx, actor, NOW, event))
    (entry,) = audit.list_entries()
    assert (entry.kind, entry.outcome, entry.at) == ("wall.painted", Outcome.SUCCESS, NOW)
    assert (entry.actor_kind, entry.actor_id, entry.account_id) == ("account", "a", "b")
    assert (entry.session_id, entry.client_id, entry.factor) == ("s", "c", "brush")
    assert (entry.request_id, entry.address) == ("r1", "192.0.2.7")
    assert entry.user_agent == "x" * 512
    assert entry.details == {"colour": "red", "coats": [1, 2]}


def test_an_entry_exists_only_if_its_verb_committed(db: Database, audit: AuditLog) -> None:
    """And the other way round: they are one transaction."""
    with db.engine.connect() as tx, tx.begin() as transaction:
        audit.record(tx, Actor.system(), NOW, Fell())
        transaction.rollback()
    assert audit.list_entries() == []


def test_entries_are_listed_newest_first_page_by_page(db: Database, audit: AuditLog) -> None:
    """By kind and by account; a page begins where the last one ended."""
    for number in range(5):
        events = (Painted(account_id=f"a{number % 2}", colour=str(number)), Fell())
        db.write(lambda tx, e=events: audit.record(tx, Actor.operator(), NOW, *e))  # type: ignore[misc]  # mypy infers no lambda with a default
    painted = audit.list_entries(kind="wall.painted")
    assert [entry.details["colour"] for entry in painted] == ["4", "3", "2", "1", "0"]
    assert {e.outcome for e in audit.list_entries(kind="wall.fell")} == {Outcome.FAILURE}
    of_a1 = audit.list_entries(account_id="a1")
    assert [entry.details["colour"] for entry in of_a1] == ["3", "1"]
    page = audit.list_entries(kind="wall.painted", limit=2)
    rest = audit.list_entries(kind="wall.painted", before_id=page[-1].id)
    assert [*page, *rest] == painted


@pytest.mark.parametrize("limit", [0, -5])
def test_a_page_has_at_least_one_entry(db: Database, audit: AuditLog, limit: int) -> None:
    """A nonsensical size is no error, and no unbounded list."""
    db.write(lambda tx: audit.record(tx, Actor.operator(), NOW, Fell(), Fell()))
    assert len(audit.list_entries(limit=limit)) == 1


class Counting(NoMeter):
    def __init__(self) -> None:
        self.counted: list[str] = []

    def event(self, kind: str, outcome: str) -> None:
        self.counted.append(kind)


def test_metrics_count_what_was_committed(db: Database) -> None:
    """Once, however often the unit was run; and nothing of what was rolled back."""
    meter = Counting()
    audit = AuditLog(db, SystemDice(), meter=meter)

    def undone(tx: Tx) -> None:
        audit.record(tx, Actor.system(), NOW, Fell())
        raise Undone

    with pytest.raises(Undone):
        db.write(undone)
    assert meter.counted == []
    db.write(lambda tx: audit.record(tx, Actor.system(), NOW, Painted(colour="red"), Fell()))
    assert meter.counted == ["wall.painted", "wall.fell"]
    db.write(lambda tx: None)
    assert meter.counted == ["wall.painted", "wall.fell"]
