"""How one process hears what another has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.changes.feed import OVERLAP
from portero.kit.db import Database, Tx
from portero.outside.clock import SystemDice

ENDED = ChangeKind.SESSION_ENDED
MEMORY = timedelta(minutes=15)
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()


class Listening:
    """A process's feed, its clock, and what it has heard."""

    def __init__(self, db: Database) -> None:
        self.clock = HandClock()
        self.feed = ChangeFeed(db, self.clock, SystemDice(), memory=MEMORY)
        self.heard: list[str] = []
        self.feed.subscribe(ENDED, lambda subject, at: self.heard.append(subject))

    def note(self, db: Database, *subjects: str, ago: timedelta = timedelta()) -> None:
        self.clock.at -= ago
        db.write(lambda tx: self.feed.note(tx, ENDED, *subjects))
        self.clock.at += ago


def test_a_change_is_heard_once(db: Database) -> None:
    """However often one looks."""
    here, there = Listening(db), Listening(db)
    there.feed.poll()
    here.note(db, "a", "b")
    assert there.feed.poll() == 2
    assert there.feed.poll() == 0
    assert sorted(there.heard) == ["a", "b"]


def test_a_transaction_that_commits_late_is_heard(db: Database) -> None:
    """It took its time before it committed, or its node's clock is behind: looks overlap."""
    here, there = Listening(db), Listening(db)
    there.feed.poll()
    there.clock.at += timedelta(seconds=20)
    there.feed.poll()
    here.note(db, "late")
    there.clock.at += timedelta(seconds=1)
    assert there.feed.poll() == 1
    assert there.heard == ["late"]


def test_overlapping_looks_tell_nothing_twice(db: Database) -> None:
    """For as long as a change is inside the overlap."""
    here, there = Listening(db), Listening(db)
    here.note(db, "a")
    for _ in range(200):
        there.feed.poll()
        there.clock.at += timedelta(seconds=0.4)
    assert there.heard == ["a"]


def test_the_first_look_goes_back_over_the_whole_memory(db: Database) -> None:
    """A process that starts now knows every end that a living token could concern."""
    here = Listening(db)
    here.note(db, "recent", ago=MEMORY - timedelta(seconds=1))
    here.note(db, "long ago", ago=MEMORY + OVERLAP + timedelta(seconds=1))
    late = Listening(db)
    late.feed.poll()
    assert late.heard == ["recent"]


def test_only_what_no_token_can_be_older_than_is_forgotten(db: Database) -> None:
    """Purging keeps the memory and its overlap."""
    here = Listening(db)
    here.note(db, "kept", ago=MEMORY + OVERLAP)
    here.note(db, "gone", ago=MEMORY + 2 * OVERLAP + timedelta(seconds=1))
    assert here.feed.purge() == 1
    assert here.feed.purge() == 0


def test_a_transaction_that_is_rolled_back_tells_nothing(db: Database) -> None:
    """The change is part of the verb's own transaction."""
    here, there = Listening(db), Listening(db)
    with db.engine.connect() as tx, tx.begin() as transaction:
        here.feed.note(tx, ENDED, "a")
        transaction.rollback()
    assert there.feed.poll() == 0


def test_an_end_whose_verb_began_long_ago_is_heard(db: Database) -> None:
    """The attack: hold the account's row, and the operator's verb that disables it commits past
    every look of the others. A change has the time of its statement, not of its verb."""
    here, there = Listening(db), Listening(db)
    there.feed.poll()

    def slow_verb(tx: Tx) -> None:
        for one in (here, there):
            one.clock.at += OVERLAP + timedelta(seconds=1)
        there.feed.poll()
        here.feed.note(tx, ENDED, "late")

    db.write(slow_verb)
    there.feed.poll()
    assert there.heard == ["late"]


def test_a_clock_that_was_set_back_does_not_deafen(db: Database) -> None:
    """What is noted by the new time is heard at once."""
    here, there = Listening(db), Listening(db)
    there.clock.at += timedelta(hours=1)
    there.feed.poll()
    there.clock.at -= timedelta(hours=1)
    here.note(db, "a")
    there.feed.poll()
    assert there.heard == ["a"]
