"""A private PostgreSQL for the benchmarks that need one, gone when they are done."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from benchmarks.server import free_port

_SUPERUSER: Final = "postgres"
_START_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Cluster:
    port: int
    server: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        """Its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)


@contextmanager
def cluster(folder: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """A server over a new data directory. Unless it is `durable` it waits for no disk: where the
    question is how something grows, an fsync costs the same at any size and only hides it."""
    binaries, place, port = _binaries(), folder / "postgresql", free_port()
    place.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(place, _SUPERUSER, _SUPERUSER)
        as_user = ["setpriv", f"--reuid={_SUPERUSER}", f"--regid={_SUPERUSER}", "--init-groups"]
    initdb = [str(binaries / "initdb"), "-D", str(place), "-U", _SUPERUSER, "--auth=trust"]
    locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([*as_user, *initdb, *locale], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "on" if durable else "off",
        "shared_buffers": "256MB",
        "max_wal_size": "4GB",
    }
    settings = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "postgresql.log").open("wb") as log:
        server = subprocess.Popen(
            [*as_user, str(binaries / "postgres"), "-D", str(place), *settings], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        made = Cluster(port, server)
        _wait_until_it_answers(made)
        yield made
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_until_it_answers(made: Cluster) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(made.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _binaries() -> Path:
    """Where `postgres` is; Debian keeps it off the PATH. The newest release wins."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda each: int(each.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise SystemExit("PostgreSQL is not installed: run `make system-deps` as root.")
    return Path(on_path).parent
