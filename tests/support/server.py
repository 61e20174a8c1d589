"""`portero serve` as a process of its own, the way that users run it: the `server` fixture."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from portero.cli.console import Console
from portero.cli.program import program
from tests.support.services import free_port

START_SECONDS = 20.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.03
PORTERO = str(Path(sys.executable).with_name("portero"))


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A started server. `folder` is its working directory; its data is in `folder/var`."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log_path: Path
    env: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def portero(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI beside the server, with the same settings."""
        return subprocess.run(
            [PORTERO, *arguments], cwd=self.folder, env=dict(self.env), input=stdin,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def operate(self, *arguments: str, stdin: str = "") -> Any:
        """What a command of the CLI answers, run beside the server in this process: a fortieth of
        what a process of its own costs, for what a test only needs to be there."""
        ours = ("PORTERO_", "SECRET_KEY", "DATABASE_URL")
        others = {key: None for key in os.environ if key.startswith(ours)}
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(
                program, [*arguments, "--json"], input=stdin, env={**others, **self.env},
                obj=Console(),
            )  # fmt: skip
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    def stop(self) -> int:
        """Ask it to end as a supervisor does; its exit status. A server that stays is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server did not end within {STOP_SECONDS} s of SIGTERM\n{self.log()}")

    def kill(self) -> None:
        """End it and its workers with no chance to tidy up (each server leads its own group)."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


StartServer = Callable[..., RunningServer]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StartServer]:
    """`server(env, *arguments)` starts one, waits for /healthz, and ends it after the test.

    It inherits nothing of this process's settings; `env` are its own, `arguments` follow `serve`.
    """
    started: list[RunningServer] = []

    def start(env: Mapping[str, str] | None = None, *arguments: str) -> RunningServer:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        running = launch(folder, env or {}, [PORTERO, "serve", *arguments])
        started.append(running)
        wait_until_healthy(running)
        return running

    yield start
    try:
        for running in started:
            running.stop()
    finally:
        for running in started:
            running.kill()


def launch(folder: Path, env: Mapping[str, str], command: Sequence[str]) -> RunningServer:
    """Start a server in its folder; who launches also waits for its health and ends it."""
    port = int(env.get("PORTERO_PORT") or free_port())
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    own = {"PORTERO_PORT": str(port), "PORTERO_DATA_DIR": str(folder / "var")}
    full = {**inherited, **own, **env}
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=full, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    return RunningServer(process, port, folder, log_path, full)


def wait_until_healthy(
    running: RunningServer, path: str = "/healthz", *, tls: ssl.SSLContext | None = None
) -> None:
    for _ in range(round(START_SECONDS / _POLL_SECONDS)):
        with suppress(subprocess.TimeoutExpired):
            status = running.process.wait(_POLL_SECONDS)
            pytest.fail(f"the server ended at its start with status {status}\n{running.log()}")
        if _healthy(running.port, path, tls):
            return
    running.kill()
    pytest.fail(f"no 200 from {path} within {START_SECONDS} s\n{running.log()}")


def _healthy(port: int, path: str, tls: ssl.SSLContext | None) -> bool:
    connection = (
        http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        if tls is None
        else http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=tls)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its private key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return cert, key
