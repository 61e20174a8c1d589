"""The load generator: keep-alive connections over plain sockets, in a process of its own.

Closed loop: each connection asks again as soon as it was answered. It parses as little as it can,
because what it costs is missing to the server; its own CPU seconds are part of what it reports.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from statistics import quantiles
from typing import Any, Final, cast

import uvloop

from benchmarks.report import ROOT

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_MOST_SECONDS: Final = 120.0  # a generator that hangs ends the benchmark


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. `wall_seconds` lasts from the first request to the last answer."""

    answered: int
    wall_seconds: float
    generator_cpu_seconds: float
    statuses: dict[str, int]
    median_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.answered / self.wall_seconds


def get(path: str, *, port: int, token: str = "") -> str:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{bearer}\r\n"


def post(path: str, body: dict[str, str], *, port: int) -> str:
    content = json.dumps(body)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    )


def fire(
    requests: list[str],
    *,
    port: int,
    connections: int,
    seconds: float = 3600.0,
    count: int = sys.maxsize,
    expected: str = "200",
) -> Load:
    """Send them in turn, for so long or so many; raises RuntimeError on any other status."""
    job = {
        "requests": requests,
        "port": port,
        "connections": connections,
        "seconds": seconds,
        "count": count,
    }
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], cwd=ROOT, input=json.dumps(job).encode(),
        stdout=subprocess.PIPE, check=True, timeout=_MOST_SECONDS,
    )  # fmt: skip
    load = Load(**json.loads(ran.stdout))
    if set(load.statuses) != {expected}:
        raise RuntimeError(f"the server answered {load.statuses}, expected {expected}")
    return load


class _Run:
    def __init__(self, job: dict[str, Any]) -> None:
        self.requests: Iterator[bytes] = cycle([each.encode("latin-1") for each in job["requests"]])
        self.connections: int = job["connections"]
        self.left: int = job["count"]
        self.deadline = time.perf_counter() + job["seconds"]
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.open = 0
        self.over = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes | None:
        """None: it is over."""
        if self.left <= 0 or time.perf_counter() >= self.deadline:
            return None
        self.left -= 1
        return next(self.requests)

    def closed(self) -> None:
        self.open -= 1
        if self.open == 0 and not self.over.done():
            self.over.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = b""
        self._sent_at = 0.0
        self._waits = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._run.open += 1
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        head, found, body = self._received.partition(_END_OF_HEAD)
        if not found:
            return
        lowered = head.lower()
        at = lowered.index(_LENGTH) + len(_LENGTH)
        if len(body) < int(lowered[at:].split(b"\r\n", 1)[0]):
            return
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        self._run.statuses[head[9:12].decode()] += 1
        self._received, self._waits = b"", False
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waits:
            self._run.statuses["lost"] += 1
        self._run.closed()

    def _ask(self) -> None:
        request = self._run.next_request()
        if self._transport is None:
            return
        if request is None:
            self._transport.close()
            return
        self._sent_at, self._waits = time.perf_counter(), True
        self._transport.write(request)


async def _loaded(job: dict[str, Any]) -> Load:
    loop = asyncio.get_running_loop()
    cpu, began = time.process_time(), time.perf_counter()
    run = _Run(job)
    opening = [
        loop.create_connection(lambda: _Connection(run), "127.0.0.1", job["port"])
        for _ in range(run.connections)
    ]
    await asyncio.gather(*opening)
    await run.over
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    percentiles = quantiles(run.latencies, n=100)
    return Load(
        answered=len(run.latencies),
        wall_seconds=wall,
        generator_cpu_seconds=cpu,
        statuses=dict(run.statuses),
        median_ms=percentiles[49] * 1000,
        p99_ms=percentiles[98] * 1000,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_loaded(json.loads(sys.stdin.buffer.read()))))))
