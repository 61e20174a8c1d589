"""Bring a database to the schema that this version of the code expects.

A start-up that finds the database at `HEAD` reads one row and does not import Alembic at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa

from portero.kit.db import Database, Tx
from portero.migrations.tables import all_tables

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

HEAD: Final = "0005_stuffing_and_risk"
"""The newest revision. `make migration` writes it; a test compares it with `versions/`."""

_VERSION_TABLE: Final = "alembic_version"
# How long a second process waits for the first one's migration. Value: long enough to rebuild a
# table of a million rows on a slow disk; ours, there is no outside source for it.
_SQLITE_WAIT_MS: Final = 120_000
# Any number will do, as long as no other program that shares the database uses it.
_POSTGRESQL_LOCK: Final = 0x706F7274


class UnknownRevision(Exception):
    """The database has a revision that this version of the code has never heard of."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at revision {revision!r}, which this version of Portero does not "
            "know: a newer version has migrated it. Start that version, or restore a backup."
        )


def current(db: Database) -> str | None:
    """The revision that the database is at; None when it never was migrated."""
    return db.read(_current_in)


def is_current(db: Database) -> bool:
    return current(db) == HEAD


def upgrade(db: Database) -> list[str]:
    """Apply what is missing, all of it or nothing; the revisions applied, oldest first.

    Safe when two processes start at once: the second waits, and finds nothing left to apply.
    Raises `UnknownRevision` when the database is newer than the code.
    """
    return migrating(db, _upgrade_in)


def check(db: Database) -> list[str]:
    """How the database differs from the tables in the code, one line each; empty is right."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def compare(tx: Tx) -> list[str]:
        context = MigrationContext.configure(tx, opts={"version_table": _VERSION_TABLE})
        return [_line(difference) for difference in compare_metadata(context, all_tables())]

    return db.read(compare)


def migrating(db: Database, unit: Callable[[Tx], T]) -> T:
    """Run `unit` in one transaction that no other migration overlaps."""
    if db.dialect == "postgresql":
        return db.write(lambda tx: unit(_locked(tx)), unhurried=True)
    with _sqlite_for_migrating(db) as connection, connection.begin():
        result = unit(connection)
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise RuntimeError(f"the migration would leave {len(orphans)} rows without their owner")
        return result


def config(tx: Tx | None = None) -> Config:
    """Alembic's configuration for the scripts beside this file, on an open transaction."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("version_table", _VERSION_TABLE)
    made.attributes["connection"] = tx
    made.attributes["applied"] = []
    return made


def _upgrade_in(tx: Tx) -> list[str]:
    from alembic import command
    from alembic.util import CommandError

    found = _current_in(tx)
    if found == HEAD:
        return []
    with_tx = config(tx)
    try:
        command.upgrade(with_tx, "head")
    except CommandError as error:
        if found is not None and not _is_known(found):
            raise UnknownRevision(found) from error
        raise
    applied: list[str] = with_tx.attributes["applied"]
    return applied


def _is_known(revision: str) -> bool:
    return (Path(__file__).parent / "versions" / f"{revision}.py").is_file()


def _current_in(tx: Tx) -> str | None:
    if not sa.inspect(tx).has_table(_VERSION_TABLE):
        return None
    return tx.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608  # a constant


def _locked(tx: Tx) -> Tx:
    # Two `CREATE TABLE`s of one name race even with IF NOT EXISTS. The lock ends with the
    # transaction, so that it holds behind PgBouncer too.
    tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
    return tx


@contextmanager
def _sqlite_for_migrating(db: Database) -> Iterator[sa.Connection]:
    """A connection of its own, with foreign keys off.

    SQLite changes most columns by building the table anew and dropping the old one, and a DROP
    with foreign keys on deletes every row that refers to it ON DELETE CASCADE: dropping
    `accounts` would take all sessions along. The pragma does nothing inside a transaction, so it
    must come before BEGIN. The connection is thrown away afterwards.
    """
    with db.engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.execute(f"PRAGMA busy_timeout={_SQLITE_WAIT_MS}")
        cursor.close()
        try:
            yield connection
        finally:
            connection.invalidate()


def _line(difference: Any) -> str:
    """One difference as Alembic tells it, in one line."""
    if isinstance(difference, list):  # several changes of one column
        return "; ".join(_line(one) for one in difference)
    kind, *parts = difference
    return f"{kind}: " + " ".join(
        str(getattr(part, "name", part)) for part in parts if part is not None
    )
