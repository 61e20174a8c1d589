"""Clients written in JavaScript: a script beside this file runs in Node, a browser walks for it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.interop.browser import Browser
from tests.interop.conftest import REDIRECT_URI, Provider

_FOLDER = Path(__file__).parent
_WANTED = json.loads((_FOLDER / "package.json").read_text())["dependencies"]
_SECONDS = 30


def run(script: str, provider: Provider, browser: Browser, **settings: Any) -> dict[str, Any]:
    """What the script tells at its end; `browser` visits each address that it wants visited."""
    _install()
    told = {"issuer": provider.issuer, "redirectUri": REDIRECT_URI, "api": provider.api, **settings}
    with subprocess.Popen(
        ["timeout", str(_SECONDS), "node", script], cwd=_FOLDER,
        env={"PATH": os.environ["PATH"], "INTEROP": json.dumps(told)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            for line in process.stdout:
                wish = json.loads(line)
                if "done" in wish:
                    result: dict[str, Any] = wish["done"]
                    return result
                process.stdin.write(browser.authorize(wish["open"]) + "\n")
                process.stdin.flush()
            raise AssertionError(f"{script} failed:\n{process.stderr.read()}")
        finally:
            process.kill()


def _install() -> None:
    """Have the packages in the pinned versions; workers of one run do it one after another."""
    with (_FOLDER / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(_installed(name) == version for name, version in _WANTED.items()):
            return
        assert shutil.which("npm"), "the tests need Node and npm: run `make system-deps`"
        subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=_FOLDER, check=True, stdout=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip


def _installed(name: str) -> str:
    try:
        described = json.loads((_FOLDER / "node_modules" / name / "package.json").read_text())
    except FileNotFoundError:
        return ""
    return str(described["version"])
