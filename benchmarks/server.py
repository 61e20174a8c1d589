"""A server under measurement: a process tree of its own, its CPU seconds and its memory."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it has no types

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 25.0
_POLL_SECONDS: Final = 0.005
PORTERO: Final = str(Path(sys.executable).with_name("portero"))


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    started_after_seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """User and system time of every process of the server, since it began."""
        times = [process.cpu_times() for process in self._tree()]
        return float(sum(each.user + each.system for each in times))

    def pss_mib(self) -> float:
        """Memory of every process, each shared page counted once in total."""
        rollups = [Path(f"/proc/{each.pid}/smaps_rollup").read_text() for each in self._tree()]
        kib = [
            int(line.split()[1])
            for rollup in rollups
            for line in rollup.splitlines()
            if line.startswith("Pss:")
        ]
        return sum(kib) / 1024

    def processes(self) -> int:
        return len(self._tree())

    def _tree(self) -> list[psutil.Process]:
        master = psutil.Process(self.process.pid)
        return [master, *master.children(recursive=True)]


# The load comes from one address, one account and one client.
_LIFTED: Final = (
    *("login_by_address", "login_by_account"),
    *("tokens_by_client", "introspections_by_client", "api_by_account"),
)


def portero_env(folder: Path, port: int, **more: str) -> dict[str, str]:
    """The environment of a server whose data lies in `folder`, with the limits of one who asks
    lifted."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {
        **inherited,
        "PORTERO_PORT": str(port),
        "PORTERO_DATA_DIR": str(folder / "var"),
        "PORTERO_LIMITS": ",".join(f"{name}=100000000/60" for name in _LIFTED),
        "PORTERO_LOG_LEVEL": "info",
        **more,
    }


@contextmanager
def portero(folder: Path, env: Mapping[str, str]) -> Iterator[Server]:
    """`portero serve`, from its start to its end."""
    command = [PORTERO, "serve"]
    with running(command, cwd=folder, env=env, port=int(env["PORTERO_PORT"])) as server:
        yield server


@contextmanager
def running(
    command: list[str], *, cwd: Path, env: Mapping[str, str], port: int, probe: str = "/healthz"
) -> Iterator[Server]:
    """A server from the first 200 at `probe` until it has ended."""
    log_path = cwd / "server.log"
    began = time.perf_counter()
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        while not _answers(port, probe):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError(f"the server did not start:\n{log_path.read_text()}")
            time.sleep(_POLL_SECONDS)
        yield Server(process, port, time.perf_counter() - began)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, probe: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", probe)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
