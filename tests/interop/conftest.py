"""A live provider behind each of its two doors, shared by the tests of one worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interop.browser import PASSWORD, USERNAME, Browser
from tests.support.server import PORTERO, RunningServer, launch, wait_until_healthy
from tests.support.services import free_port

REDIRECT_URI = "https://app.example/callback"
DOORS = ("front", "wsgi")
EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class Registered:
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Portero at `issuer`, with one account. `api` is the URL of an API that tokens may be for,
    `path` that of the issuer."""

    server: RunningServer
    api: str
    path: str = ""

    @property
    def issuer(self) -> str:
        return self.server.url + self.path

    def metadata(self) -> dict[str, Any]:
        """What it says of itself (OpenID Connect Discovery)."""
        return self.document(f"{self.issuer}/.well-known/openid-configuration")

    def document(self, url: str) -> dict[str, Any]:
        told: dict[str, Any] = httpx2.get(url, timeout=10).raise_for_status().json()
        return told

    def browser(self) -> Browser:
        return Browser(self.issuer)

    def register(self, *, by_operator: bool = False, **metadata: Any) -> Registered:
        """A client; a keyword replaces a member of its metadata. It registers itself (RFC 7591),
        which costs less than the command by which an operator makes one."""
        asked = {
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "client_name": "Notes",
            **metadata,
        }
        told = self._created(asked) if by_operator else self._registered(asked)
        return Registered(told["client_id"], told.get("client_secret", ""))

    def _created(self, asked: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.server.operate(
            "clients", "create", "--metadata", "-", stdin=json.dumps(asked)
        )
        return told

    def _registered(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = httpx2.post(self.metadata()["registration_endpoint"], json=asked, timeout=10)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def _running(folder: Path, door: str, path: str = "") -> Iterator[Provider]:
    port, api = free_port(), f"http://127.0.0.1:{free_port()}/mcp"
    env = {
        "PORTERO_PORT": str(port),
        "PORTERO_ISSUER": f"http://127.0.0.1:{port}{path}",
        "PORTERO_RESOURCES": api,
        "PORTERO_CLIENT_REGISTRATION": "open",
        "NOTES_SECRET_KEY": "only-for-this-test",
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "--threads=8", f"--bind=127.0.0.1:{port}"]
    command = {
        "front": [PORTERO, "serve"],
        "wsgi": [*gunicorn, "portero.wsgi:app"],
        "mounted": [
            *gunicorn, "--preload", "--workers=2",
            f"--pythonpath={EXAMPLES / 'flask_mount'}", "app:create_app()",
        ],
    }[door]  # fmt: skip
    server = launch(folder, env, command)
    try:
        wait_until_healthy(server, f"{path}/healthz")
        server.operate("users", "create", USERNAME, "--password-stdin", stdin=PASSWORD)
        yield Provider(server, api, path)
        server.stop()
    finally:
        server.kill()


@pytest.fixture(scope="session", params=DOORS)
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    """Portero by `portero serve` (the front), and as a WSGI application in gunicorn."""
    door: str = request.param
    with _running(tmp_path_factory.mktemp(door), door) as started:
        yield started


@pytest.fixture(scope="session", params=[*DOORS, "mounted"])
def path_provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    """The same with a path in its issuer; and inside another Flask application, the example's."""
    door: str = request.param
    with _running(tmp_path_factory.mktemp(f"{door}-path"), door, "/auth") as started:
        yield started
