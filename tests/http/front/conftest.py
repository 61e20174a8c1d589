"""The `front` fixture starts `program.py`; `Wire` is a client that may say anything."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.services import free_port

PROGRAM = Path(__file__).with_name("program.py")
WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunningFront:
    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    gate: socket.socket
    tls: ssl.SSLContext | None

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS)
        return made if self.tls is None else self.tls.wrap_socket(made)

    def say(self, raw: bytes) -> bytes:
        """Send the bytes and return everything until the server closes or falls silent."""
        with self.connect() as wire:
            wire.sendall(raw.replace(b"{host}", self.host))
            return read_all(wire)

    def ask(self, target: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
        """One well-formed request on a connection of its own."""
        length = [f"Content-Length: {len(body)}"] if body else []
        head = [f"{method} {target} HTTP/1.1", f"Host: {self.host.decode()}", "Connection: close"]
        return self.say("\r\n".join([*head, *length, *lines, "", ""]).encode() + body)

    @property
    def host(self) -> bytes:
        return f"127.0.0.1:{self.port}".encode()

    def notes(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "notes").read_text().splitlines()]

    def entered(self) -> socket.socket:
        """Wait until a request stands in /gate; closing the answer lets that one through."""
        return self.gate.accept()[0]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def read_all(wire: socket.socket) -> bytes:
    pieces = []
    with suppress(ConnectionResetError):
        while piece := wire.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def statuses(answer: bytes) -> list[int]:
    """The status of each response in the bytes: more than one is a smuggled request."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


StartFront = Callable[..., RunningFront]


@pytest.fixture
def start_front(tmp_path: Path) -> Iterator[StartFront]:
    """`start_front(workers=1)` starts a front and waits until it listens."""
    started: list[RunningFront] = []

    def start(*, workers: int = 1, tls: ssl.SSLContext | None = None) -> RunningFront:
        running = launch(tmp_path, workers=workers, tls=tls)
        started.append(running)
        return running

    yield start
    for running in started:
        stop(running)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFront]:
    """One front for a whole module, for tests that leave it as it was."""
    running = launch(tmp_path_factory.mktemp("front"), workers=1)
    yield running
    stop(running)


def launch(folder: Path, *, workers: int, tls: ssl.SSLContext | None = None) -> RunningFront:
    gate = socket.socket(socket.AF_UNIX)
    gate.settimeout(WAIT_SECONDS)
    gate.bind(str(folder / "gate"))
    gate.listen()
    port = free_port()
    command = [sys.executable, str(PROGRAM), str(folder), str(port), str(workers)]
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    assert process.stdout is not None
    process.stdout.readline()  # the URL: the socket listens
    return RunningFront(process, port, folder, gate, tls)


def stop(running: RunningFront) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    running.gate.close()
    if running.process.stdout is not None:
        running.process.stdout.close()
