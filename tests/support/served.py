"""A house that `portero serve` serves with two workers, and the same house in this process.

The test process is the operator beside the server: it makes accounts and clients, and walks the
pages, over the same database and under the same settings. What races goes over the wire, half of it
to each worker.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psutil

from tests.support.house import CHEAP_HASH, SECRET_KEY, Home, homes
from tests.support.racing import THREADS, at_once
from tests.support.server import PORTERO, RunningServer, launch, wait_until_healthy
from tests.support.services import free_port

WORKERS: Final = 2
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
# Connections; of so many some are the other worker's, however the kernel deals them out.
_MOST: Final = 400


@dataclass(frozen=True, slots=True)
class Answer:
    status_code: int
    location: str
    body: bytes

    def get_json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.get_json().get("error", ""))


class Line:
    """A connection that one worker has taken and keeps open."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        assert self.get("/healthz").status_code == 200
        self.local_port = int(self._http.sock.getsockname()[1])

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None, headers)

    def post(self, path: str, headers: Mapping[str, str] | None = None, **form: str) -> Answer:
        return self._ask("POST", path, urlencode(form), {**_FORM, **(headers or {})})

    def close(self) -> None:
        self._http.close()

    def _ask(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str] | None
    ) -> Answer:
        self._http.request(method, path, body, dict(headers or {}))
        answer = self._http.getresponse()
        return Answer(answer.status, answer.getheader("Location") or "", answer.read())


@dataclass(frozen=True, slots=True)
class Served:
    home: Home
    server: RunningServer

    def race(self, ask: Callable[[Line], Answer]) -> list[Answer]:
        """What each of twenty got, who asked at the same moment, ten at each worker."""
        with self.lines(THREADS // WORKERS) as lines:
            return at_once(lambda number: ask(lines[number]))

    def everywhere(self, ask: Callable[[Line], Answer]) -> list[Answer]:
        """What each worker says."""
        with self.lines(1) as lines:
            return [ask(line) for line in lines]

    @contextmanager
    def lines(self, each: int) -> Iterator[list[Line]]:
        """So many to each worker."""
        opened: list[Line] = []
        try:
            yield self._spread(opened, each)
        finally:
            for line in opened:
                line.close()

    def _spread(self, opened: list[Line], each: int) -> list[Line]:
        while len(opened) < _MOST:
            opened += [Line(self.server.port) for _ in range(WORKERS * each)]
            taken = self._taken_by_worker()
            by_worker = [[line for line in opened if line.local_port in mine] for mine in taken]
            if len(by_worker) == WORKERS and min(map(len, by_worker)) >= each:
                return [line for mine in by_worker for line in mine[:each]]
        raise AssertionError(f"one worker took all of {_MOST} connections")

    def _taken_by_worker(self) -> list[set[int]]:
        """For each worker, the other ends of its connections."""
        workers = psutil.Process(self.server.process.pid).children()
        return [
            {each.raddr.port for each in worker.net_connections("tcp") if each.raddr}
            for worker in workers
        ]


@contextmanager
def served(database_url: str, folder: Path, **settings: str) -> Iterator[Served]:
    port = free_port()
    settings = {"PORTERO_ISSUER": f"http://127.0.0.1:{port}", **settings}
    env = {
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": database_url,
        "PORTERO_PORT": str(port),
        "PORTERO_SIGNING_ALGS": "ES256",
        **CHEAP_HASH,
        **settings,
    }
    server = launch(folder, env, [PORTERO, "serve", "--workers", str(WORKERS)])
    try:
        wait_until_healthy(server)
        with homes(database_url, folder) as make:
            yield Served(make(**settings), server)
        server.stop()
    finally:
        server.kill()
