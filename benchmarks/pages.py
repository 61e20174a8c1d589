"""The sign-in page: what it weighs with all that it loads, and what it costs the server.

Beside a bare Jinja page of the same size, from Flask under the same server.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from benchmarks.filling import opened
from benchmarks.load import fire, get
from benchmarks.report import ROOT, Pace, Result, Shown, middle
from benchmarks.server import Server, free_port, portero, portero_env, running

PATH: Final = "/sign-in"
# What browsers load by themselves; a link that a person may click is none of it.
_LOADED: Final = re.compile(
    r'<(?:link\b[^>]*\bhref|script\b[^>]*\bsrc|img\b[^>]*\bsrc|source\b[^>]*\bsrcset)="([^"]+)"'
)
_IMPORTED: Final = re.compile(r"""(?:from|import)\s+["']([^"']+)["']|url\(["']?([^"')]+)""")
_MOST_KB, _MOST_MS = 40.0, 5.0
_CONNECTIONS: Final = 8


def run(pace: Pace) -> Result:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portero-bench-")))
        env = portero_env(folder, free_port())
        house = opened(folder, env)
        server = stack.enter_context(portero(folder, env))
        loaded, elsewhere = weigh(server.port)
        size = len(_split(_asked(PATH, server.port, squeezed=False))[1])
        floor = stack.enter_context(_bare_page(folder, size, house.settings.threads))
        cases = {"bare_page": floor, "sign_in": server}
        rounds = [
            {name: _measured(each, pace) for name, each in cases.items()}
            for _ in range(pace.rounds + 1)
        ][1:]  # the first one warmed them up
    return Result(
        "pages",
        "What does a person wait for before they can sign in?",
        (
            Shown(
                "sign-in page with all that it loads, transferred",
                sum(loaded.values()) / 1000, _MOST_KB, "kB", at_least=False,
            ),
            Shown("requests to another origin", len(elsewhere), 0, "", at_least=False),
            Shown(
                "server time of the page, median",
                middle([each["sign_in"]["median_ms"] for each in rounds]), _MOST_MS, "ms",
                at_least=False,
            ),
            Shown(
                "sign-in page / bare Jinja page of its size, requests/s",
                middle([_per_second(each, "sign_in") / _per_second(each, "bare_page")
                        for each in rounds]),
                0.4,
            ),
        ),
        {"transferred_bytes": loaded, "page_bytes": size, "rounds": rounds},
    )  # fmt: skip


def weigh(port: int) -> tuple[dict[str, int], list[str]]:
    """Bytes on the wire, heads included, by address; and what would be asked of other origins."""
    origin = f"http://127.0.0.1:{port}"
    loaded: dict[str, int] = {}
    elsewhere: list[str] = []
    waiting = [f"{origin}{PATH}"]
    while waiting:
        url = waiting.pop()
        if url in loaded or url.startswith("data:"):
            continue
        if not url.startswith(f"{origin}/"):
            elsewhere.append(url)
            continue
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        loaded[url.removeprefix(origin)] = len(_asked(path, port, squeezed=True))
        text = _split(_asked(path, port, squeezed=False))[1].decode("utf-8", "replace")
        found = _LOADED.findall(text)
        if parts.path.endswith((".css", ".js")):
            found = [one or other for one, other in _IMPORTED.findall(text)]
        waiting += [urljoin(url, each) for each in found]
    return loaded, elsewhere


def _asked(path: str, port: int, *, squeezed: bool) -> bytes:
    """The whole answer as it is on the wire."""
    encoding = {"Accept_Encoding": "gzip, deflate, br, zstd"} if squeezed else {}
    request = get(path, port=port, Accept="text/html", Connection="close", **encoding)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def _split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def _bare_page(folder: Path, size: int, threads: int) -> Any:
    port, place = free_port(), folder / "floor"
    place.mkdir()
    module = "benchmarks.floors.jinja_page"
    command = [sys.executable, "-m", module, str(port), str(threads), str(size)]
    return running(command, cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)}, port=port)


def _measured(server: Server, pace: Pace) -> dict[str, Any]:
    """One after the other for the time, many at once for the rate."""
    request = [get(PATH, port=server.port, Accept="text/html", Accept_Language="en")]
    alone = fire(request, port=server.port, connections=1, seconds=pace.seconds / 4)
    cpu = server.cpu_seconds()
    many = fire(request, port=server.port, connections=_CONNECTIONS, seconds=pace.seconds / 4)
    return {
        "median_ms": alone.median_ms,
        "p99_ms": alone.p99_ms,
        "per_second": many.per_second,
        "cpu_ms": (server.cpu_seconds() - cpu) / many.answered * 1000,
    }


def _per_second(measured: dict[str, Any], name: str) -> float:
    return float(measured[name]["per_second"])
