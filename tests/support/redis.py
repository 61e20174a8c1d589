"""A real Redis for the test run; each worker has a database number of its own on it."""

from __future__ import annotations

import os
import shutil
import signal
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


def _start(folder: Path) -> Service:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        missing("Redis", "redis-server")
    for _ in range(5):
        port = free_port()
        server = launch(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--databases", str(_DATABASES)],
            folder=folder, port=port, stop_signal=signal.SIGTERM,
        )  # fmt: skip
        if server is not None:
            return server
    raise RuntimeError(f"Redis did not start: {(folder / 'log').read_text()}")
