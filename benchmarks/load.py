"""The load generator: keep-alive connections over plain sockets, in a process of its own.

Closed loop: each connection walks a script (one request, or a flow of several in which an answer
gives what the next request needs), then takes the next script. It has no event loop and parses as
little as it can, because what it costs is missing to the server; its own CPU seconds are part of
what it reports.
"""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.report import ROOT

# In a request: what an earlier answer gave, and the length of the body with it.
HELD: Final = "\x01"
LENGTH: Final = "\x02"
_HELD: Final = HELD.encode()
_LENGTH: Final = LENGTH.encode()
_END_OF_HEAD: Final = b"\r\n\r\n"
_CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PIECE: Final = 65536
_MOST_SECONDS: Final = 120.0  # a generator that hangs ends the benchmark


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `take` is a regular expression whose group is held for later requests."""

    request: str
    expected: str = "200"
    take: str = ""


@dataclass(slots=True)
class Script:
    """Steps in turn. What it holds at its end it holds at its next beginning."""

    steps: Sequence[Step]
    held: str = ""


_UNTOLD: Final = frozenset({"held", "surprise"})


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. `wall_seconds` lasts from the first request to the last answer; `walked`
    counts whole scripts, `held` is what each of them holds now."""

    answered: int
    walked: int
    wall_seconds: float
    generator_cpu_seconds: float
    statuses: dict[str, int]
    median_ms: float
    p99_ms: float
    surprise: str
    held: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.walked / self.wall_seconds

    def figures(self) -> dict[str, Any]:
        """What is worth keeping of it."""
        return {name: told for name, told in asdict(self).items() if name not in _UNTOLD}


def get(path: str, *, port: int, token: str = "", **headers: str) -> str:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n"


def post(path: str, body: dict[str, str], *, port: int) -> str:
    return _post(path, json.dumps(body), "application/json", port)


def post_form(path: str, body: dict[str, str], *, port: int) -> str:
    """A value that is `HELD` is filled in when the request is sent."""
    content = "&".join(
        f"{name}={value}" if value == HELD else urlencode({name: value})
        for name, value in body.items()
    )
    return _post(path, content, "application/x-www-form-urlencoded", port)


def _post(path: str, content: str, media_type: str, port: int) -> str:
    length = LENGTH if HELD in content else str(len(content))
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {length}\r\n\r\n{content}"
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
    scripts = [Script([Step(each, expected)]) for each in requests]
    while len(scripts) < connections:
        scripts += scripts
    return walk(scripts, port=port, connections=connections, seconds=seconds, count=count)


def walk(
    scripts: list[Script],
    *,
    port: int,
    connections: int,
    seconds: float = 3600.0,
    count: int = sys.maxsize,
) -> Load:
    """Walk the scripts in turn, no script twice at a time, and keep in them what they hold at the
    end. Raises RuntimeError on an answer that a step does not expect."""
    if len(scripts) < connections:
        raise ValueError("fewer scripts than connections")
    job = {
        "scripts": [asdict(each) for each in scripts],
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
    if load.surprise:
        raise RuntimeError(f"the server answered {load.statuses}, and once:\n{load.surprise}")
    for script, held in zip(scripts, load.held, strict=True):
        script.held = held
    return load


class _Walk:
    """A script while it is walked."""

    __slots__ = ("at", "held", "steps")

    def __init__(self, told: dict[str, Any]) -> None:
        self.steps: list[tuple[bytes, bytes, re.Pattern[bytes] | None]] = [
            (
                each["request"].encode("latin-1"),
                each["expected"].encode(),
                re.compile(each["take"].encode()) if each["take"] else None,
            )
            for each in told["steps"]
        ]
        self.held: bytes = told["held"].encode()
        self.at = 0

    def request(self) -> bytes:
        request: bytes = self.steps[self.at][0]
        if _HELD not in request:
            return request
        head, _, body = request.replace(_HELD, self.held).partition(_END_OF_HEAD)
        return head.replace(_LENGTH, b"%d" % len(body)) + _END_OF_HEAD + body

    def answered(self, status: bytes, answer: bytes) -> bool:
        """Go one step on; False when the answer is not the expected one."""
        _, expected, take = self.steps[self.at]
        if status != expected:
            return False
        if take is not None:
            found = take.search(answer)
            if found is None:
                return False
            self.held = found.group(1)
        self.at += 1
        return True


class _Run:
    def __init__(self, job: dict[str, Any]) -> None:
        self.port: int = job["port"]
        self.connections: int = job["connections"]
        self.count: int = job["count"]
        self.seconds: float = job["seconds"]
        self.scripts = [_Walk(each) for each in job["scripts"]]
        self.waiting = deque(self.scripts)
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.walked = 0
        self.surprise = ""

    def loaded(self) -> Load:
        poll = select.epoll()
        place = ("127.0.0.1", self.port)
        sockets = [socket.create_connection(place) for _ in range(self.connections)]
        cpu, began = time.process_time(), time.perf_counter()
        self.deadline = began + self.seconds
        talks = {}
        for each in sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if (script := self._next()) is not None:
                talks[each.fileno()] = _Talk(each, script)
                poll.register(each, select.EPOLLIN)
        while talks:
            for number, _ in poll.poll():
                talk = talks[number]
                answer = talk.received()
                if answer is not None and not self._goes_on(talk, answer):
                    poll.unregister(number)
                    del talks[number]
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        for each in sockets:
            each.close()
        return self._told(wall, cpu)

    def _next(self) -> _Walk | None:
        """None: it is over."""
        if self.count <= 0 or time.perf_counter() >= self.deadline or self.surprise:
            return None
        self.count -= 1
        script = self.waiting.popleft()
        script.at = 0
        return script

    def _goes_on(self, talk: _Talk, answer: bytes) -> bool:
        script, status = talk.script, answer[9:12]
        self.latencies.append(time.perf_counter() - talk.sent_at)
        self.statuses[status.decode()] += 1
        if not script.answered(status, answer):
            self.surprise = self.surprise or answer[:2000].decode("latin-1")
            return False
        if script.at == len(script.steps):
            self.walked += 1
            self.waiting.append(script)
            following = self._next()
            if following is None:
                return False
            talk.script = following
        talk.ask()
        return True

    def _told(self, wall: float, cpu: float) -> Load:
        percentiles = quantiles(self.latencies, n=100)
        return Load(
            answered=len(self.latencies),
            walked=self.walked,
            wall_seconds=wall,
            generator_cpu_seconds=cpu,
            statuses=dict(self.statuses),
            median_ms=percentiles[49] * 1000,
            p99_ms=percentiles[98] * 1000,
            surprise=self.surprise,
            held=[each.held.decode() for each in self.scripts],
        )


class _Talk:
    """One connection, with the script that it walks now."""

    __slots__ = ("_received", "_socket", "script", "sent_at")

    def __init__(self, connected: socket.socket, script: _Walk) -> None:
        self._socket = connected
        self._received = b""
        self.script = script
        self.ask()

    def ask(self) -> None:
        request = self.script.request()
        self.sent_at = time.perf_counter()
        self._socket.sendall(request)

    def received(self) -> bytes | None:
        """The answer, once it is whole; what there is of it when the connection ends."""
        piece = self._socket.recv(_PIECE)
        data = self._received + piece if self._received else piece
        end = data.find(_END_OF_HEAD)
        if piece and (end < 0 or len(data) < end + 4 + _body_length(data, end)):
            self._received = data
            return None
        self._received = b""
        return data if piece else b"HTTP/1.1 gone " + data


def _body_length(data: bytes, end: int) -> int:
    found = _CONTENT_LENGTH.search(data, 0, end)
    if found is not None:
        return int(found.group(1))
    if data[9:12] == b"304":
        return 0
    raise RuntimeError(f"an answer without a length:\n{data[:end].decode('latin-1')}")


if __name__ == "__main__":
    print(json.dumps(asdict(_Run(json.loads(sys.stdin.buffer.read())).loaded())))
