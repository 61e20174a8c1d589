"""The database handle: one transaction per verb, on SQLite and PostgreSQL alike.

`Database.write(unit)` and `.read(unit)` run a function inside one transaction and commit it. A
unit has no effect but its statements, because a serialization failure or deadlock runs it again.
A refusal that has something to commit is returned by the unit and raised by the verb.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import sqlalchemy as sa

from portero.kit import waiting
from portero.kit.connections import AllInUse, Connections
from portero.kit.engines import READ_ONLY, flush, postgresql_engine, set_timeouts, sqlite_engine
from portero.kit.line import Job, Line, WaitedTooLong
from portero.kit.refusals import Busy

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Tx = sa.Connection
T = TypeVar("T")

log = logging.getLogger(__name__)

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# PostgreSQL: serialization_failure and deadlock_detected. Both mean "nothing was done, try again".
_RETRY_SQLSTATES: Final = frozenset({"40001", "40P01"})
_ATTEMPTS: Final = 6
_LENGTH_OF_TEXT: Final = len("2026-01-01 00:00:00.000000")
_AS_ALWAYS: Final = nullcontext()
_AFTER_COMMIT: Final = "portero_after_commit"
_AFTER_ROLLBACK: Final = "portero_after_rollback"
_IN_TIME: Final = "portero_in_time"
_BACKOFF_FIRST_SECONDS: Final = 0.01
_BACKOFF_CAP_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a transaction waits and lasts, in seconds; beyond it: `DatabaseUnavailable`.

    A verb notes what it ended before it commits, and other processes look back only so far for it
    (`core/changes/feed.py`): `transaction` has to stay well below that; see `hold_to_patience`. A
    request waits less than a proxy does (nginx: 60 s). PostgreSQL is told with SET on each new
    connection, because PgBouncer refuses start-up options; where it pools transactions,
    `transaction` alone is sure.
    """

    connection: float = 5.0  # for one that nobody uses
    lock: float = 10.0  # for a row, or for SQLite's one writer
    statement: float = 15.0
    transaction: float = 20.0  # from its first statement to its commit
    retries: float = 10.0  # no new attempt after that


class DatabaseUnavailable(Busy):
    """The database does not answer, or stayed locked; nothing was committed."""

    code = "database_unavailable"


class _OneRefused(Exception):
    """One of many jobs did: none of them is done yet."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    # SQLite's text made and read here: SQLAlchemy needs five times as long for it, and a code flow
    # has thirty moments.

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any] | None:
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return (
            _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)
        )


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone reached the database")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _as_text(moment: datetime | None) -> str | None:
    """Without its zone, which is always UTC; of one length, so that text sorts as time does."""
    if moment is None:
        return None
    return _in_utc(moment).isoformat(" ", "microseconds")[:_LENGTH_OF_TEXT]


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class _Json(sa.types.TypeDecorator[Any]):
    """JSON text on SQLite, `jsonb` on PostgreSQL. (`with_variant` would say the same, and import
    the PostgreSQL dialect with all its drivers into every SQLite process.)"""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))


Json: Final = _Json()


class Database:
    """One database, and this process's pool of connections to it.

    The pool is made on first use and made anew after a fork, so that no two processes ever share
    a socket or an SQLite handle.
    """

    def __init__(self, url: str, *, pool_size: int = 20, patience: Patience | None = None) -> None:
        self.url = sa.make_url(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect not in {"sqlite", "postgresql"}:
            raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")
        if self.dialect == "postgresql" and "+" not in self.url.drivername:
            self.url = self.url.set(drivername="postgresql+psycopg")
        self._pool_size = pool_size
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._pid = 0
        self._engine: sa.Engine | None = None
        self._connections: Connections | None = None
        self._line: Line | None = None
        self._careful = False  # the last group in the line had one that refused

    @property
    def engine(self) -> sa.Engine:
        """Whoever connects by it has a connection of its own, beyond `pool_size`."""
        self._opened()
        if self._engine is None:
            raise RuntimeError("the engine was not made")
        return self._engine

    def write(self, unit: Callable[[Tx], T], *, unhurried: bool = False, durable: bool = True) -> T:
        """Run `unit` in a transaction that may write, and commit it.

        `unhurried` lifts the limits of its time: for migrations and the like, which end nothing
        that others must hear of. One that is not `durable` doesn't wait for the disk: everybody
        sees it at once, a killed process loses nothing, and only a power cut may undo it, as if it
        had never been. For what nobody was told, as counters are; a commit costs more than all
        statements of a sign-in.
        """
        waiting.expected()
        connections = self._opened()
        if self._line is None:
            return self._alone(connections, unit, unhurried=unhurried, durable=durable)
        try:
            return cast("T", self._line.run(Job(unit, alone=unhurried, durable=durable)))
        except WaitedTooLong as error:
            raise _unavailable("this process's writers wait in line for too long", 1) from error

    def read(self, unit: Callable[[Tx], T]) -> T:
        """Run `unit` in a transaction that only reads."""
        waiting.expected()
        connections = self._opened()
        return self._attempt(lambda: self._once(connections, unit, read_only=True))

    def ping(self) -> None:
        """Ask the database for nothing; raises `DatabaseUnavailable` when it does not answer."""
        self.read(lambda tx: tx.execute(sa.text("SELECT 1")))

    def dispose(self) -> None:
        """Close this process's connections."""
        if self._connections is not None and self._pid == os.getpid():
            self._connections.close()

    def _in_haste(self, tx: Tx, *, only_if: bool) -> AbstractContextManager[None]:
        return self._no_wait_for_disk(tx) if only_if and self.dialect == "sqlite" else _AS_ALWAYS

    @contextmanager
    def _no_wait_for_disk(self, tx: Tx) -> Iterator[None]:
        """SQLite takes this pragma between transactions only, and for the connection."""
        driver: Any = tx.connection.driver_connection
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            driver.execute("PRAGMA synchronous=FULL")

    def _alone(
        self, connections: Connections, unit: Callable[[Tx], T], *, unhurried: bool, durable: bool
    ) -> T:
        return self._attempt(
            lambda: self._once(connections, unit, unhurried=unhurried, durable=durable)
        )

    def _write_all(self, jobs: list[Job]) -> None:
        """What stands at the head of the line, in one transaction."""
        connections = self._opened()
        failed = self._grouped(connections, jobs) if len(jobs) > 1 else jobs
        for job in failed:
            job.error = None
            try:
                self._alone(connections, job.run, unhurried=job.alone, durable=job.durable)
            except Exception as error:
                job.error = error

    def _grouped(self, connections: Connections, jobs: list[Job]) -> list[Job]:
        """In one transaction; those that the database itself refused are given back, to be tried by
        themselves.

        A savepoint for each would cost as much as half of its statements, so there is none until a
        job refuses: then all is rolled back and run again, and the next group is careful at once.
        """
        if not self._careful:
            with suppress(_OneRefused):
                return self._attempt(lambda: self._together(connections, jobs, apart=False))
        failed = self._attempt(lambda: self._together(connections, jobs, apart=True))
        self._careful = any(job.error is not None for job in jobs)
        return failed

    def _together(self, connections: Connections, jobs: list[Job], *, apart: bool) -> list[Job]:
        """`apart`: each in a savepoint; what one refuses or fails at, the others have nothing to do
        with. Else raises `_OneRefused`."""
        failed: list[Job] = []
        effects: list[Callable[[], object]] = []
        in_haste = not any(job.durable for job in jobs)
        with connections.one() as tx, self._in_haste(tx, only_if=in_haste):
            tx.info[READ_ONLY] = False
            with _ToldOfRollback(tx.info) as undoing, tx.begin():
                driver: Any = tx.connection.driver_connection
                began = time.monotonic()
                for job in jobs:
                    job.error = None
                    tx.info.pop(_AFTER_COMMIT, None)
                    earlier = len(undoing)
                    if apart:
                        driver.execute("SAVEPOINT one")
                    try:
                        job.run(tx)
                    except Exception as error:
                        if not apart:
                            raise _OneRefused from error
                        try:
                            driver.execute("ROLLBACK TO one")
                        except sqlite3.Error:
                            raise error from None  # the whole transaction is gone, for all of them
                        _undo(undoing, after=earlier)
                        if isinstance(error, sa.exc.DBAPIError):
                            failed.append(job)
                        job.error = error
                    else:
                        effects += tx.info.pop(_AFTER_COMMIT, ())
                    if apart:
                        driver.execute("RELEASE one")
                    self._check_duration(began)
            for effect in effects:
                effect()
        return failed

    def _check_duration(self, began: float) -> None:
        """Rather rolled back than committed at a time when nobody looks for it any more."""
        lasted = time.monotonic() - began
        if lasted > self._patience.transaction:
            raise _unavailable(f"a transaction of {lasted:.0f} s was rolled back", 1)

    def _attempt(self, once: Callable[[], T]) -> T:
        give_up_at = time.monotonic() + self._patience.retries
        for attempt in range(_ATTEMPTS):
            try:
                return once()
            except AllInUse as error:
                raise _unavailable("the connection pool is exhausted", 1) from error
            except sa.exc.DBAPIError as error:
                if not _worth_retrying(error):
                    if _is_unavailable(error):
                        raise _unavailable(type(error.orig).__name__, 5, error.orig) from error
                    raise
                if attempt + 1 == _ATTEMPTS or time.monotonic() >= give_up_at:
                    raise _unavailable("kept failing to serialize", 1, error.orig) from error
            # Full jitter: two transactions that collided must not collide again in step.
            most = min(_BACKOFF_CAP_SECONDS, _BACKOFF_FIRST_SECONDS * 2**attempt)
            time.sleep(random.uniform(0, most))
        raise RuntimeError("unreachable")

    def _once(
        self,
        connections: Connections,
        unit: Callable[[Tx], T],
        *,
        read_only: bool = False,
        unhurried: bool = False,
        durable: bool = True,
    ) -> T:
        with connections.one() as tx, self._in_haste(tx, only_if=not durable):
            info = tx.info
            info[READ_ONLY] = read_only
            with _ToldOfRollback(info), tx.begin():
                for left in (_AFTER_COMMIT, _IN_TIME):
                    info.pop(left, None)  # by a transaction that was rolled back
                if not durable and self.dialect == "postgresql":
                    tx.exec_driver_sql("SET LOCAL synchronous_commit = off")
                if unhurried and self.dialect == "postgresql":
                    tx.exec_driver_sql(set_timeouts("SET LOCAL", Patience(0, 0, 0, 0)))
                began = time.monotonic()
                answer = unit(tx)
                if info.pop(_IN_TIME, False):
                    flush(tx)  # or it would wait for others after its duration was looked at
                if not (read_only or unhurried):
                    self._check_duration(began)
            for effect in info.pop(_AFTER_COMMIT, ()):
                effect()
            return answer

    def _opened(self) -> Connections:
        if self._connections is None or self._pid != os.getpid():
            with self._lock:
                if self._connections is None or self._pid != os.getpid():
                    self._open()
        if self._connections is None:
            raise RuntimeError("the connections were not made")
        return self._connections

    def _open(self) -> None:
        if self._connections is not None:
            self._connections.leave_to_parent()
        patience = self._patience
        if self.dialect == "sqlite":
            self._engine = sqlite_engine(self.url, patience)
            self._line = Line(self._write_all, patience=patience.lock)
        else:
            self._engine = postgresql_engine(self.url, patience)
        self._connections = Connections(
            self._engine, most=self._pool_size, patience=patience.connection
        )
        self._pid = os.getpid()


def after_commit(tx: Tx, effect: Callable[[], object]) -> None:
    """Have `effect` once, when what the transaction did is true: a unit may run again, or be
    rolled back. It must not fail: the commit can't be taken back for it."""
    tx.info.setdefault(_AFTER_COMMIT, []).append(effect)


def after_rollback(tx: Tx, effect: Callable[[], object]) -> None:
    """Have `effect` when what the transaction did is taken back, whether or not its unit runs
    again: for what was done elsewhere, and would be done twice. It must not fail."""
    tx.info.setdefault(_AFTER_ROLLBACK, []).append(effect)


class _ToldOfRollback:
    """A context in which `after_rollback` is heard of; what leaves it by an exception is undone."""

    __slots__ = ("_undoing",)

    def __init__(self, info: dict[Any, Any]) -> None:
        self._undoing: list[Callable[[], object]] = []
        info[_AFTER_ROLLBACK] = self._undoing

    def __enter__(self) -> list[Callable[[], object]]:
        return self._undoing

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        if kind is not None:
            _undo(self._undoing, after=0)


def _undo(undoing: list[Callable[[], object]], *, after: int) -> None:
    while len(undoing) > after:
        undoing.pop()()


def hold_to_patience(tx: Tx) -> None:
    """Have the transaction rolled back for sure if it lasts longer than `Patience.transaction`:
    nothing of it that may wait for a lock is sent together with its commit."""
    tx.info[_IN_TIME] = True


def insert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """`INSERT` with this database's `ON CONFLICT` methods (the two spell it alike)."""
    if tx.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def _unavailable(
    detail: str, retry_after_seconds: int, cause: BaseException | None = None
) -> DatabaseUnavailable:
    """The refusal, said in the log as well: a broken database must not look like busy hours. The
    driver's message names servers and tables, and never a parameter."""
    said = " ".join(str(cause or "").split())
    log.warning("the database is unavailable: %s%s", detail, f" ({said})" if said else "")
    return DatabaseUnavailable(detail, retry_after_seconds=retry_after_seconds)


def _worth_retrying(error: sa.exc.DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRY_SQLSTATES:
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _is_unavailable(error: sa.exc.DBAPIError) -> bool:
    return error.connection_invalidated or isinstance(
        error, sa.exc.OperationalError | sa.exc.InterfaceError
    )
