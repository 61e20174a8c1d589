"""A real Redis for the test run; each worker has a database number of its own on it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from tests.support.services import Service, free_port, launch, missing, shared

_DATABASES = 64


@pytest.fixture
def redis_url() -> str:
    """The URL of an empty Redis database that no other test uses meanwhile."""
    server = shared("redis", _start)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"redis://127.0.0.1:{server.port}/{int(worker) % _DATABASES}"
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
    return url


class OwnRedis:
    """A server of one test's own, that may be taken away from it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = _start(folder)
        self.url = f"redis://127.0.0.1:{self._server.port}/0"

    def stop(self) -> None:
        """Gone, with all that it knew."""
        os.kill(self._server.pid, signal.SIGKILL)
        os.waitpid(self._server.pid, 0)

    def start_again(self) -> None:
        server = _launch(self._folder, self._server.port)
        assert server is not None
        self._server = server

    def hang(self) -> None:
        """The connection stays open, and nothing comes."""
        os.kill(self._server.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = OwnRedis(folder)
    yield server
    with suppress(ProcessLookupError, ChildProcessError):
        server.stop()


def _start(folder: Path) -> Service:
    for _ in range(5):
        server = _launch(folder, free_port())
        if server is not None:
            return server
    raise RuntimeError(f"Redis did not start: {(folder / 'log').read_text()}")


def _launch(folder: Path, port: int) -> Service | None:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        missing("Redis", "redis-server")
    return launch(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
         "--appendonly", "no", "--databases", str(_DATABASES)],
        folder=folder, port=port, stop_signal=signal.SIGTERM,
    )  # fmt: skip
