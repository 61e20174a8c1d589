"""What reads other people's text and bytes, and what never does (ASVS 1.2.4, 1.5.1, 1.5.2)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Each makes a program, or a fetch, of what it reads.
FORBIDDEN = {"pickle", "marshal", "shelve", "dbm", "xml", "lxml", "yaml", "subprocess", "ctypes"}
CALLED = {"eval", "exec", "__import__", "popen"}
# Text is SQL in these, and none of it is anybody else's: numbers of rows, names of our tables.
WRITTEN_SQL = {
    "src/portero/core/limits/store.py",
    "src/portero/kit/db.py",
    "src/portero/kit/engines.py",
    "src/portero/migrations/runner.py",
    "src/portero/cli/checks.py",
}


def sources() -> Iterator[tuple[str, str]]:
    for folder in ("src/portero", "guard/src/portero_guard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "versions" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def test_nothing_reads_pickles_xml_or_programs() -> None:
    """No import of a reader that obeys what it reads, and no call that runs a text."""
    for place, text in sources():
        if not any(word in text for word in FORBIDDEN | CALLED):
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Import(names=names):
                    read = {alias.name.partition(".")[0] for alias in names}
                case ast.ImportFrom(module=str(module), level=0):
                    read = {module.partition(".")[0]}
                case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                    assert name not in CALLED, (place, name)
                    continue
                case _:
                    continue
            assert not read & FORBIDDEN, (place, read)


def test_sql_is_written_by_hand_in_few_places() -> None:
    """Elsewhere SQLAlchemy writes it, and whatever comes from outside is a bound value."""
    writers = {
        place for place, text in sources() if "sa.text(" in text or "exec_driver_sql(" in text
    }
    assert writers <= WRITTEN_SQL, writers - WRITTEN_SQL
