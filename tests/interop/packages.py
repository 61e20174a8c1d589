"""The packages of `package.json`, in exactly the versions that it names."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
WANTED: Final[dict[str, str]] = json.loads((FOLDER / "package.json").read_text())["dependencies"]


def install() -> None:
    """Have them beside `package.json`; workers of one run do it one after another."""
    with (FOLDER / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(_installed(name) == version for name, version in WANTED.items()):
            return
        if not shutil.which("npm"):
            raise FileNotFoundError("this needs Node and npm: run `make system-deps`")
        subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=FOLDER, check=True, stdout=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip


def _installed(name: str) -> str:
    try:
        described = json.loads((FOLDER / "node_modules" / name / "package.json").read_text())
    except FileNotFoundError:
        return ""
    return str(described["version"])
