"""A range service in the manner of Have I Been Pwned, on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Ranges:
    """`asked` are the prefixes that were asked for; `down`: it answers with an error."""

    def __init__(self) -> None:
        self.url = ""
        self.down = False
        self.asked: list[str] = []
        self._digests: list[str] = []

    def knows(self, password: str) -> None:
        """It has seen that one in a breach."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        self._digests.append(digest)

    def told(self, prefix: str) -> str:
        found = [digest[5:] for digest in self._digests if digest.startswith(prefix)]
        return "\r\n".join([f"{suffix}:7" for suffix in found] + [f"{'0' * 35}:0"])


@pytest.fixture
def ranges() -> Iterator[Ranges]:
    made = Ranges()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prefix = self.path.rpartition("/")[2]
            made.asked.append(prefix)
            body = made.told(prefix).encode()
            self.send_response(503 if made.down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/range"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
