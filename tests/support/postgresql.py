"""A real PostgreSQL for the test run, and databases on it made from a migrated template."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

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
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
    )


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
