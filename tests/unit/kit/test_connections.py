"""Connections are kept between transactions: one user each, not too many, none of them stale."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from portero.kit.connections import AllInUse, Connections
from portero.kit.db import Database, DatabaseUnavailable, Patience, Tx

AT_ONCE = Patience(connection=0.05)


def identity(tx: Tx) -> int:
    """Of the driver's connection behind it."""
    return id(tx.connection.driver_connection)


def backend(tx: Tx) -> int:
    pid: int = tx.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
    return pid


@pytest.fixture
def narrow(database_url: str) -> Iterator[Database]:
    """A database whose process may have two connections."""
    db = Database(database_url, pool_size=2, patience=AT_ONCE)
    yield db
    db.dispose()


def test_the_one_used_last_is_used_next(narrow: Database) -> None:
    """Also after a refusal, or strangers could have us connect anew for each request."""

    def refuse(tx: Tx) -> None:
        raise ZeroDivisionError

    first = narrow.write(identity)
    with pytest.raises(ZeroDivisionError):
        narrow.write(refuse)
    assert narrow.read(identity) == first
    assert narrow.write(identity) == first


def test_two_at_once_have_one_each_and_a_third_is_refused(narrow: Database) -> None:
    """A transaction is nobody else's; who finds none is told so in time."""
    both, over = threading.Barrier(3), threading.Event()

    def hold(tx: Tx) -> int:
        both.wait(10)
        over.wait(10)
        return identity(tx)

    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(narrow.read, hold) for _ in range(2)]
        both.wait(10)
        with pytest.raises(DatabaseUnavailable):
            narrow.read(identity)
        over.set()
        assert len({each.result() for each in held}) == 2
    assert narrow.read(identity)


def test_who_reads_only_leaves_no_trace_of_it(sqlite_url: str) -> None:
    """The attack on a race: a write that begins as a reader fails where it should have waited."""
    db, begun = Database(sqlite_url, pool_size=1), []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        begun.append(statement)

    db.read(identity)
    sa.event.listen(db.engine, "before_cursor_execute", note)
    db.write(identity)
    db.read(identity)
    db.write(identity)
    assert begun == ["BEGIN IMMEDIATE", "BEGIN", "BEGIN IMMEDIATE"]
    db.dispose()


def test_a_server_that_went_away_costs_one_request(postgresql_url: str) -> None:
    """Each connection that was kept is dead then; the first who notices closes them all."""
    db, other = Database(postgresql_url, pool_size=2), Database(postgresql_url)
    both = threading.Barrier(2)

    def meet(tx: Tx) -> int:
        both.wait(10)
        return backend(tx)

    with ThreadPoolExecutor(2) as pool:
        dead = [each.result() for each in [pool.submit(db.read, meet) for _ in range(2)]]
    for pid in dead:
        end = sa.select(sa.func.pg_terminate_backend(pid, 5000))
        assert other.read(lambda tx, end=end: tx.execute(end).scalar_one())  # type: ignore[misc]
    with pytest.raises(DatabaseUnavailable):
        db.read(backend)
    assert db.read(backend) not in dead
    db.dispose()
    other.dispose()


def test_a_forked_child_cuts_nobody_off(postgresql_url: str) -> None:
    """It has a connection of its own, and its end does not end its parent's."""
    db = Database(postgresql_url, pool_size=1)
    parents = db.read(backend)
    child = os.fork()
    if child == 0:
        told = 1
        try:
            told = 0 if db.read(backend) != parents else 2
            db.dispose()
        finally:
            os._exit(told)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert db.read(backend) == parents
    db.dispose()


def test_closing_is_for_those_that_nobody_uses(narrow: Database) -> None:
    """What is in the middle of something goes on, and is kept; what rested is gone."""

    def close_meanwhile(tx: Tx) -> int:
        narrow.dispose()
        return identity(tx)

    used = narrow.read(close_meanwhile)
    assert narrow.read(identity) == used


def test_an_old_one_is_made_anew(narrow: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall may have forgotten it, and what the server keeps for it has grown."""
    connections = Connections(narrow.engine, most=1, patience=0.05)
    with connections.one() as first:
        pass
    with connections.one() as second:
        assert second is first
        with pytest.raises(AllInUse), connections.one():
            pass
    monkeypatch.setattr("portero.kit.connections._MOST_SECONDS", 0.0)
    with connections.one() as third:
        assert third is not first
        assert first.closed
    connections.close()
