"""What a start does about the schema: embedded databases follow, PostgreSQL waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.kit.db import Database
from portero.migrations import runner, starting


def mark(db: Database, revision: str) -> None:
    db.write(
        lambda tx: tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    )


def test_an_embedded_database_is_brought_to_head(tmp_path: Path) -> None:
    """And the second start has nothing to do."""
    db = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert starting.make_current(db)[-1] == runner.HEAD
    assert starting.make_current(db) == []
    db.dispose()


def test_postgresql_behind_is_refused_with_the_command(postgresql_url: str) -> None:
    """Nothing is changed: its operator plans a migration."""
    db = Database(postgresql_url)
    assert starting.make_current(db) == []
    mark(db, "0000_past")
    with pytest.raises(starting.SchemaBehind, match="`portero db upgrade`"):
        starting.make_current(db)
    assert runner.current(db) == "0000_past"
    db.dispose()


def test_an_embedded_database_of_a_newer_version_is_refused(sqlite_url: str) -> None:
    """An old program leaves it alone."""
    db = Database(sqlite_url)
    mark(db, "9999_future")
    with pytest.raises(runner.UnknownRevision, match="9999_future"):
        starting.make_current(db)
    db.dispose()
