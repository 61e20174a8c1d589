"""The schema: every database gets it, once, whole, and it is the one that the code expects."""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from portero.kit.db import Database
from portero.migrations import runner
from portero.migrations.tables import all_tables

VERSIONS = Path(runner.__file__).parent / "versions"
AT_HEAD_WITHOUT_ALEMBIC = """
import sys
from portero.kit.db import Database
from portero.migrations import runner
assert runner.is_current(Database(sys.argv[1]))
assert "alembic" not in sys.modules
"""


def test_head_is_the_newest_script() -> None:
    """The constant that start-up trusts names the last script in `versions/`."""
    heads = ScriptDirectory.from_config(runner.config()).get_heads()
    assert heads == [runner.HEAD]


def test_scripts_do_not_import_the_code_they_migrate() -> None:
    """A revision means the same next year: it uses nothing of Portero that may change."""
    for script in VERSIONS.glob("[0-9]*.py"):
        for node in ast.walk(ast.parse(script.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "portero"], script.name


def test_every_room_with_a_store_is_found() -> None:
    """No room's tables are left out of the schema."""
    stores = Path(runner.__file__).parents[1].joinpath("core").rglob("store.py")
    declaring = {p for p in stores if "sa.Table(" in p.read_text()}
    assert declaring
    all_tables()
    for store in declaring:
        dotted = ".".join(store.with_suffix("").parts[store.parts.index("portero") :])
        assert dotted in sys.modules


def test_migrated_schema_is_the_one_in_the_code(db: Database) -> None:
    """Nothing is missing from, nothing is extra in, a database that went through all scripts."""
    assert runner.check(db) == []


def test_check_names_what_differs(db: Database) -> None:
    """A table that somebody dropped by hand is told by its name."""
    db.write(lambda tx: tx.execute(sa.text("DROP TABLE audit_entries")))
    assert any("audit_entries" in line for line in runner.check(db))


def test_an_empty_database_becomes_current(empty_db: Database) -> None:
    """Upgrading tells what it applied, ends at HEAD, and finds nothing to do the next time."""
    assert runner.current(empty_db) is None
    applied = runner.upgrade(empty_db)
    assert applied[-1] == runner.HEAD
    assert runner.is_current(empty_db)
    assert runner.upgrade(empty_db) == []


def test_two_that_start_at_once_migrate_once(empty_db: Database) -> None:
    """Of several processes that upgrade at the same time, one applies and the others wait."""
    url = empty_db.url.render_as_string(hide_password=False)
    handles = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(len(handles)) as pool:
        answers = list(pool.map(runner.upgrade, handles))
    for handle in handles:
        handle.dispose()
    assert sum(bool(answer) for answer in answers) == 1


def test_a_database_of_a_newer_version_is_refused(db: Database) -> None:
    """An old program says that the database is too new, and leaves it alone."""

    def mark(tx: sa.Connection) -> None:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))

    db.write(mark)
    assert not runner.is_current(db)
    with pytest.raises(runner.UnknownRevision, match="9999_from_the_future"):
        runner.upgrade(db)
    assert runner.current(db) == "9999_from_the_future"


def test_start_up_at_head_does_not_import_alembic(sqlite_url: str) -> None:
    """The look that every start takes stays cheap."""
    subprocess.run([sys.executable, "-c", AT_HEAD_WITHOUT_ALEMBIC, sqlite_url], check=True)


def test_rebuilding_a_table_on_sqlite_keeps_the_rows_that_refer_to_it(tmp_path: Path) -> None:
    """SQLite drops the old table on the way; ON DELETE CASCADE must not empty its children."""
    db = Database(f"sqlite:///{tmp_path / 'family.db'}")

    def rebuild(tx: sa.Connection) -> int:
        for statement in (
            "CREATE TABLE parents (id INTEGER PRIMARY KEY, name VARCHAR(10))",
            "CREATE TABLE children (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parents"
            " ON DELETE CASCADE)",
            "INSERT INTO parents VALUES (1, 'p')",
            "INSERT INTO children VALUES (1, 1)",
        ):
            tx.exec_driver_sql(statement)
        with Operations(MigrationContext.configure(tx)).batch_alter_table("parents") as parents:
            parents.alter_column("name", type_=sa.String(20), existing_type=sa.String(10))
        return int(tx.exec_driver_sql("SELECT count(*) FROM children").scalar_one())

    assert runner.migrating(db, rebuild) == 1
    assert db.read(lambda tx: tx.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1
    db.dispose()
