"""Real servers that all workers of one test run share.

Started when first needed, stopped when the run ends.

The process that leads the run (the only one, or xdist's controller) makes one folder and names it
in the environment, which the workers inherit. Whoever needs a service first starts it, under a
lock. The leader outlives all workers, so it stops what was started, also when a worker crashed.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import pytest

_FOLDER_KEY = "TESTRUN_SERVICES_DIR"
_STOP_SECONDS = 15.0
# Where files are nobody's to wait for: thousands of small databases, each commit of which goes to
# the disk elsewhere.
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Service:
    """A running server: its process, its port on 127.0.0.1 and how to tell it to stop at once."""

    pid: int
    port: int
    stop_signal: int = signal.SIGTERM


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _prefer_memory()
        folder = tempfile.mkdtemp(prefix="portero-tests-")
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user when we are root
        os.environ[_FOLDER_KEY] = folder
    gc.disable()  # what is collected stays until the end


def pytest_collection_finish() -> None:
    """Thousands of tests are not looked over again for each thing that one of them leaves: that was
    a sixth of the run."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def _prefer_memory() -> None:
    """All that tests write goes to the memory of the machine, if it has enough of that, programs
    can be run from there, and nobody has named another place."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    room = os.statvfs(_MEMORY)
    if room.f_bavail * room.f_frsize >= _MEMORY_BYTES and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # whoever asked before is asked again


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(_FOLDER_KEY))
        for record in folder.glob("*.json"):
            _stop(Service(**json.loads(record.read_text())))
        shutil.rmtree(folder, ignore_errors=True)


def shared_folder() -> Path:
    """The folder of this test run, the same for all its workers."""
    return Path(os.environ[_FOLDER_KEY])


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a lock among the workers of this run."""
    with (shared_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lets go of it when the file is closed
        yield


def shared(name: str, start: Callable[[Path], Service]) -> Service:
    """The service of that name; `start` makes it, in a folder of its own, when nobody has yet."""
    record = shared_folder() / f"{name}.json"
    with alone(name):
        if not record.exists():
            folder = shared_folder() / name
            folder.mkdir(exist_ok=True)
            record.write_text(json.dumps(asdict(start(folder))))
        return Service(**json.loads(record.read_text()))


def missing(program: str, package: str) -> NoReturn:
    """Fail, never skip: a test that did not run has shown nothing."""
    pytest.fail(
        f"{program} is not installed. Run `make system-deps` as root, or "
        f"`apt-get install --no-install-recommends {package}`.",
        pytrace=False,
    )


def free_port() -> int:
    """A port that was free a moment ago. Whoever takes it must try another when it is gone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def launch(
    command: list[str], *, folder: Path, port: int, user: str | None = None, stop_signal: int
) -> Service | None:
    """Start a server and wait until its port answers; None when it ended instead."""
    if user is not None and os.geteuid() == 0:
        pwd.getpwnam(user)  # a KeyError names the missing user better than setpriv does
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,  # Ctrl-C is for pytest, which then stops it in order
        )  # fmt: skip
    for _ in range(300):
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            return None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return Service(process.pid, port, stop_signal)
    process.kill()
    raise TimeoutError(f"{command[0]} did not listen: see {folder / 'log'}")


def _stop(service: Service) -> None:
    """The process may be a child of a worker that has ended, so it can't be waited for."""
    with suppress(ProcessLookupError):
        os.kill(service.pid, service.stop_signal)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(service.pid, os.WNOHANG)
            os.kill(service.pid, 0)
            time.sleep(0.02)
        os.kill(service.pid, signal.SIGKILL)
