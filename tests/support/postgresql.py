"""A real PostgreSQL for the test run, and databases on it made from a migrated template."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support.services import Service, free_port, launch, missing, shared

SUPERUSER = "postgres"
TEMPLATE = "portero_template"


def cluster() -> Service:
    """The server of this test run."""
    return shared("postgresql", _start)


def url_of(server: Service, database: str) -> str:
    return f"postgresql://{SUPERUSER}@127.0.0.1:{server.port}/{database}"


def administer(server: Service, statement: sql.Composed) -> None:
    with psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def create(server: Service, name: str, *, template: str = "template0") -> None:
    administer(
        server,
        # A copy of the files: an eighth of what the usual way costs, which logs each page.
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
    )


def shape_of(server: Service, name: str) -> str:
    """A fingerprint of each column, index and revision: what `empty` does not bring back."""
    with psycopg.connect(url_of(server, name), autocommit=True) as connection:
        return _shape(connection)


def empty(server: Service, name: str, *, shape: str) -> bool:
    """Take every row out, and everybody who is connected; False where a test changed the tables,
    so that the next one needs another database. A twentieth of what a new one costs."""
    with psycopg.connect(url_of(server, name), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if _shape(connection) != shape:
            return False
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'alembic_version'"
        ).fetchall()
        connection.execute("SET session_replication_role = replica")  # in whatever order
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in tables]
        connection.execute(sql.SQL("; ").join(deletes))
    return True


def _shape(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(
        "SELECT md5(string_agg(each, ';' ORDER BY each)) FROM ("
        " SELECT concat_ws(',', c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull)"
        " AS each FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT version_num FROM alembic_version) shapes"
    ).fetchone()
    assert row is not None
    return str(row[0])


def drop(server: Service, name: str) -> None:
    administer(
        server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def _start(folder: Path) -> Service:
    binaries = _binaries()
    place = folder / "data"
    place.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(place, SUPERUSER, SUPERUSER)
        as_user = ["setpriv", f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--init-groups"]
    subprocess.run(
        [*as_user, str(binaries / "initdb"), "--pgdata", str(place), "--username", SUPERUSER,
         "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, cwd=folder, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "300",
        # A crash of the machine may lose the test database; nobody will miss it.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    for _ in range(5):
        port = free_port()
        settings = [f"--{key}={value}" for key, value in {**options, "port": str(port)}.items()]
        server = launch(
            [str(binaries / "postgres"), "-D", str(place), *settings],
            folder=folder,
            port=port,
            user=SUPERUSER,
            stop_signal=signal.SIGQUIT,  # PostgreSQL's "immediate": end now, keep nothing
        )
        if server is not None:
            _wait_until_it_answers(server)
            return server
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")


def _wait_until_it_answers(server: Service) -> None:
    """The port answers before the start-up is over: until then logins are refused."""
    for _ in range(100):
        try:
            psycopg.connect(url_of(server, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "starting up" not in str(error):
                raise
        else:
            return
    raise TimeoutError("PostgreSQL kept starting up")


def _binaries() -> Path:
    """Where `postgres` is; Debian keeps it off the PATH. The newest release wins."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda found: float(found.parts[-3]),
    )
    if versions:
        return versions[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        missing("PostgreSQL", "postgresql")
    return Path(on_path).parent
