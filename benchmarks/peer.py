"""npm oidc-provider with its data in Redis, served by one Node process: the fastest complete peer.

Redis keeps everything in memory and writes nothing down, which is how this peer is fastest.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.household import REDIRECT_URI, App, authorization
from benchmarks.server import Server, free_port, running
from tests.interop.packages import FOLDER, WANTED, install

NAME: Final = f"npm oidc-provider {WANTED['oidc-provider']}"
RESOURCE: Final = "https://api.example/"
_SCRIPT: Final = Path(__file__).parent / "peers" / "oidc_provider.js"
_MOST_REDIRECTS: Final = 6
_REDIS_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Peer:
    app: App
    node: Server
    redis: Server

    def browser(self) -> str:
        """The Cookie header of a browser in which somebody is signed in and has agreed."""
        query = "&".join(f"{name}={value}" for name, value in authorization(self.app).items())
        place, cookies = f"{self.app.authorize}?{query}", SimpleCookie()
        connection = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=10)
        for _ in range(_MOST_REDIRECTS):
            header = "; ".join(f"{each.key}={each.value}" for each in cookies.values())
            connection.request("GET", place, headers={"Cookie": header} if header else {})
            answer = connection.getresponse()
            answer.read()
            for line in answer.headers.get_all("Set-Cookie", ()):
                cookies.load(line)
            place = answer.headers.get("Location", "")
            if place.startswith(REDIRECT_URI):
                connection.close()
                kept = [each for each in cookies.values() if each.key.startswith("_session")]
                return "; ".join(f"{each.key}={each.value}" for each in kept)
            parts = urlsplit(place)
            place = f"{parts.path}?{parts.query}" if parts.query else parts.path
        raise RuntimeError(f"nobody was signed in: {answer.status} {place}")


@contextmanager
def peer(folder: Path) -> Iterator[Peer]:
    install()
    folder.mkdir()
    with _redis(folder) as redis:
        app = App(
            "notes", secrets.token_urlsafe(32), free_port(),
            authorize="/auth", token="/token", introspect="/token/introspection",
        )  # fmt: skip
        settings = {
            "port": app.port,
            "redisPort": redis.port,
            "packages": str(FOLDER),
            "clientId": app.client_id,
            "secret": app.secret,
            "redirectUri": REDIRECT_URI,
            "resource": RESOURCE,
        }
        env = {"PATH": os.environ["PATH"], "NODE_ENV": "production"}
        command = ["node", str(_SCRIPT), json.dumps(settings)]
        probe = "/.well-known/openid-configuration"
        with running(command, cwd=folder, env=env, port=app.port, probe=probe) as node:
            yield Peer(app, node, redis)


@contextmanager
def _redis(folder: Path) -> Iterator[Server]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise SystemExit("Redis is not installed: run `make system-deps` as root.")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _REDIS_SECONDS
        while not _listens(port):
            if time.monotonic() > deadline:
                raise RuntimeError("Redis did not start")
            time.sleep(0.01)
        yield Server(process, port, 0.0)
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
