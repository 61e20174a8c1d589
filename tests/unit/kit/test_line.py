"""Who writes for whom, and that nobody pays for another one's failure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from portero.kit.db import Database, DatabaseUnavailable, Patience, Tx, after_commit
from portero.kit.line import Job, Line, WaitedTooLong
from portero.kit.refusals import Refusal

words = sa.Table(
    "words",
    sa.MetaData(),
    sa.Column("word", sa.String(), primary_key=True),
    sa.Column("pad", sa.LargeBinary),
)
who: ContextVar[str] = ContextVar("who", default="")


class Refused(Refusal):
    code = "refused"
    public = "No."


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/words.db", patience=Patience(lock=10))
    made.write(words.create)
    yield made
    made.dispose()


def say(word: str) -> Callable[[Tx], str]:
    def unit(tx: Tx) -> str:
        tx.execute(sa.insert(words).values(word=word))
        return word

    return unit


def said(db: Database) -> set[str]:
    return set(db.read(lambda tx: tx.execute(sa.select(words.c.word)).scalars().all()))


class Crowd:
    """Threads that come while one holds the pen, and how each ended."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.ended: dict[str, Any] = {}
        self.threads: list[threading.Thread] = []

    def bring(self, name: str, unit: Callable[[Tx], Any]) -> None:
        def come() -> None:
            who.set(name)
            try:
                self.ended[name] = self.db.write(unit)
            except Exception as error:
                self.ended[name] = error

        thread = threading.Thread(target=come)
        thread.start()
        self.threads.append(thread)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What is brought within comes together into the line, behind a writer that waits."""
        in_hand, over = threading.Event(), threading.Event()

        def hold(tx: Tx) -> None:
            in_hand.set()
            assert over.wait(10)

        self.bring("holder", hold)
        assert in_hand.wait(10)
        yield
        line = self.db._line
        assert line is not None
        nudge = threading.Event()
        while len(line._waiting) < len(self.threads) - 1:
            nudge.wait(0.001)
        over.set()
        for thread in self.threads:
            thread.join(10)


def commits_of(db: Database) -> list[None]:
    commits: list[None] = []
    sa.event.listen(db.engine, "commit", lambda connection: commits.append(None))
    return commits


def test_those_who_come_while_one_writes_are_committed_at_once(db: Database) -> None:
    commits = commits_of(db)
    crowd = Crowd(db)
    with crowd.waiting():
        for n in range(8):
            crowd.bring(f"w{n}", say(f"w{n}"))
    assert len(commits) == 2  # the holder's and theirs
    assert said(db) == {f"w{n}" for n in range(8)}
    assert {crowd.ended[f"w{n}"] for n in range(8)} == said(db)


def test_a_failure_is_its_own(db: Database) -> None:
    """A refusal, a conflict and a bug take back what they did, and nothing else."""
    crowd = Crowd(db)
    effects: list[str] = []

    def effect(word: str) -> Callable[[Tx], str]:
        def unit(tx: Tx) -> str:
            after_commit(tx, lambda: effects.append(word))
            return say(word)(tx)

        return unit

    def refuse(tx: Tx) -> None:
        effect("refused")(tx)
        raise Refused("by the rule")

    def crash(tx: Tx) -> None:
        effect("crashed")(tx)
        raise ZeroDivisionError

    def conflict(tx: Tx) -> None:
        effect("conflicted")(tx)
        say("good")(tx)

    with crowd.waiting():
        crowd.bring("good", effect("good"))
        for name, unit in (("refuse", refuse), ("crash", crash), ("conflict", conflict)):
            crowd.bring(name, unit)
        crowd.bring("fine", effect("fine"))
    assert said(db) == {"good", "fine"} == set(effects)
    assert (crowd.ended["good"], crowd.ended["fine"]) == ("good", "fine")
    kinds = {name: type(crowd.ended[name]) for name in ("refuse", "crash", "conflict")}
    assert kinds == {
        "refuse": Refused, "crash": ZeroDivisionError, "conflict": sa.exc.IntegrityError,
    }  # fmt: skip


def test_savepoints_are_for_groups_in_which_somebody_refuses(db: Database) -> None:
    """They cost as much as half of the statements. After a refusal the next group has them at once,
    so that whoever is refused again and again has nobody's work done twice for long."""
    heard: list[str] = []

    def listen(tx: Tx) -> None:
        driver: Any = tx.connection.driver_connection
        driver.set_trace_callback(heard.append)

    def refuse(tx: Tx) -> None:
        raise Refused("by the rule")

    def group(*units: Callable[[Tx], Any]) -> tuple[int, int]:
        """How many transactions there were, and savepoints."""
        crowd = Crowd(db)
        with crowd.waiting():
            for number, unit in enumerate(units):
                crowd.bring(str(number), unit)
        told = heard.count("BEGIN IMMEDIATE") - 1, heard.count("SAVEPOINT one")
        heard.clear()
        return told

    db.write(listen)
    heard.clear()
    assert group(say("a"), say("b")) == (1, 0)
    assert group(say("c"), refuse) == (2, 2)
    assert group(say("d"), refuse) == (1, 2)
    assert group(say("e"), say("f")) == (1, 2)
    assert group(say("g"), say("h")) == (1, 0)
    assert said(db) == set("abcdefgh")


def test_who_was_answered_is_there_when_the_disk_is_full(db: Database) -> None:
    """The whole transaction may be gone then: everybody is told the truth about his own."""
    db.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 12"))
    crowd = Crowd(db)

    def big(tx: Tx) -> str:
        tx.exec_driver_sql("PRAGMA max_page_count = 12")
        tx.execute(sa.insert(words).values(word="big", pad=b"x" * 400_000))
        return "big"

    with crowd.waiting():
        crowd.bring("small", say("small"))
        crowd.bring("big", big)
        crowd.bring("other", say("other"))
    assert isinstance(crowd.ended["big"], DatabaseUnavailable)
    answered = {name for name in ("small", "big", "other") if crowd.ended[name] == name}
    assert said(db) == answered
    assert all(isinstance(crowd.ended[name], str | DatabaseUnavailable) for name in crowd.ended
               if name != "holder")  # fmt: skip


def test_each_runs_in_its_own_context(db: Database) -> None:
    """A line of the log that a unit writes has the request of the one who came with it."""
    crowd = Crowd(db)
    with crowd.waiting():
        for name in ("ana", "ben"):
            crowd.bring(name, lambda tx: who.get())
    assert (crowd.ended["ana"], crowd.ended["ben"]) == ("ana", "ben")


def test_what_takes_its_time_goes_alone() -> None:
    """A migration holds nobody's request within its own transaction."""
    groups: list[list[object]] = []
    written = threading.Event()
    go_on = threading.Event()

    def write(jobs: list[Job]) -> None:
        groups.append([job.unit for job in jobs])
        written.set()
        assert go_on.wait(10)

    line = Line(write, patience=10)
    first, slow, last = (lambda tx: 1), (lambda tx: 2), (lambda tx: 3)
    threads = [threading.Thread(target=line.run, args=(Job(first),))]
    threads[0].start()
    assert written.wait(10)
    nudge = threading.Event()
    for number, job in enumerate((Job(slow, alone=True), Job(last)), 1):
        threads.append(threading.Thread(target=line.run, args=(job,)))
        threads[-1].start()
        while len(line._waiting) < number:
            nudge.wait(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert groups == [[first], [slow], [last]]


def test_who_waited_too_long_is_never_written() -> None:
    in_hand, over = threading.Event(), threading.Event()
    seen: list[object] = []

    def write(jobs: list[Job]) -> None:
        seen.extend(job.unit for job in jobs)
        in_hand.set()
        assert over.wait(10)

    line = Line(write, patience=0.05)
    first, second = (lambda tx: 1), (lambda tx: 2)
    holder = threading.Thread(target=line.run, args=(Job(first),))
    holder.start()
    assert in_hand.wait(10)
    with pytest.raises(WaitedTooLong):
        line.run(Job(second))
    over.set()
    holder.join(10)
    line.run(Job(first))
    assert seen == [first, first]
