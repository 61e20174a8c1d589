"""Fresh, migrated databases: `database_url` and `db` run a test on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from portero.kit import db as kit_db
from portero.kit.db import Database
from portero.migrations import runner
from tests.support import postgresql
from tests.support.services import alone, shared_folder

BACKENDS = ("sqlite", "postgresql")


def _sharing(make: Callable[..., sa.Engine]) -> Callable[..., sa.Engine]:
    """What one engine has compiled serves all of its kind: each test has an engine of its own, and
    would spend a fifth of its time on compiling the same statements. SQLAlchemy keeps what it
    compiles with the dialect it is for, so that is one as well, once a connection has told it of
    the server."""
    kept: list[sa.Engine] = []

    def made(*arguments: Any) -> sa.Engine:
        engine = make(*arguments)
        if kept:
            engine.dialect = kept[0].dialect
            engine._compiled_cache = kept[0]._compiled_cache
        else:
            sa.event.listen(engine, "engine_connect", lambda tx: kept.append(engine), once=True)
        return engine

    return made


for _made in ("sqlite_engine", "postgresql_engine"):
    setattr(kit_db, _made, _sharing(getattr(kit_db, _made)))

# Databases that a test of this process is done with, and how each was made.
_spare: list[str] = []
_shapes: dict[str, str] = {}


def pytest_configure(config: pytest.Config) -> None:
    for mark in (
        "each_case_on_each_database: what is put in, or who comes first, decides what is asked",
        "sqlite_alone: a PostgreSQL is asked here what other tests ask it too",
    ):
        config.addinivalue_line("markers", mark)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The cases of one test differ in what is put in, and seldom in what a database is asked: the
    first of them runs on PostgreSQL too, the others on SQLite alone; of a file that asks it nothing
    new (`sqlite_alone`) none does. `each_case_on_each_database` is for a test where that is not so,
    and for races."""
    first, others = set[str](), list[pytest.Item]()
    for item in items:
        asked = getattr(item, "callspec", None)
        if asked is None or asked.params.get("database_url") != "postgresql":
            continue
        test = item.nodeid.partition("[")[0]
        is_known = test in first or item.get_closest_marker("sqlite_alone")
        if is_known and not item.get_closest_marker("each_case_on_each_database"):
            others.append(item)
        first.add(test)
    if others:
        config.hook.pytest_deselected(items=others)
        left = set(others)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database of this test's own, at the newest revision; once per database kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A handle on `database_url`."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    return new_sqlite(tmp_path)


def new_sqlite(folder: Path) -> str:
    """The URL of a migrated SQLite database in that folder."""
    template = shared_folder() / "template.db"
    with alone("template.db"):
        if not template.exists():
            unfinished = template.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            _migrate(f"sqlite:///{unfinished}")
            unfinished.rename(template)
    copy = folder / "portero-test.db"
    shutil.copyfile(template, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    with _new_postgresql() as url:
        yield url


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a migrated database, for longer than one test."""
    if kind == "sqlite":
        yield new_sqlite(folder)
        return
    with _new_postgresql() as url:
        yield url


@contextmanager
def _new_postgresql() -> Iterator[str]:
    server = postgresql.cluster()
    template_made = shared_folder() / "postgresql-template-made"
    with alone("postgresql-template"):
        if not template_made.exists():
            postgresql.drop(server, postgresql.TEMPLATE)
            postgresql.create(server, postgresql.TEMPLATE)
            _migrate(postgresql.url_of(server, postgresql.TEMPLATE))
            template_made.touch()
    name = _spare.pop() if _spare else f"test_{uuid.uuid4().hex}"
    if name not in _shapes:
        postgresql.create(server, name, template=postgresql.TEMPLATE)
        _shapes[name] = postgresql.shape_of(server, name)
    yield postgresql.url_of(server, name)
    if postgresql.empty(server, name, shape=_shapes[name]):
        _spare.append(name)
    else:
        postgresql.drop(server, name)


@pytest.fixture(params=BACKENDS)
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table, for the tests of migrations themselves."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield opened
        opened.dispose()
        return
    server = postgresql.cluster()
    name = f"test_{uuid.uuid4().hex}"
    postgresql.create(server, name)
    opened = Database(postgresql.url_of(server, name))
    yield opened
    opened.dispose()
    postgresql.drop(server, name)


def _migrate(url: str) -> None:
    migrated = Database(url)
    runner.upgrade(migrated)
    migrated.dispose()  # PostgreSQL copies only a database that nobody is connected to
