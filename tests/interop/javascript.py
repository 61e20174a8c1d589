"""Clients written in JavaScript: a script beside this file runs in Node, a browser walks for it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from tests.interop.browser import Browser
from tests.interop.conftest import REDIRECT_URI, Provider
from tests.interop.packages import FOLDER, install

_SECONDS = 30


def run(script: str, provider: Provider, browser: Browser, **settings: Any) -> dict[str, Any]:
    """What the script tells at its end; `browser` visits each address that it wants visited."""
    install()
    told = {"issuer": provider.issuer, "redirectUri": REDIRECT_URI, "api": provider.api, **settings}
    with subprocess.Popen(
        ["timeout", str(_SECONDS), "node", script], cwd=FOLDER,
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
