"""Chromium's own authenticator, by the DevTools protocol: a page's real script asks a real browser
for a real passkey (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.house import PASSWORD
from tests.support.server import PORTERO, RunningServer, launch, wait_until_healthy
from tests.support.services import free_port

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page


@dataclass(frozen=True, slots=True)
class Domain:
    """A running Portero at a host name, with Ana."""

    server: RunningServer

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.port}"

    def person(self, name: str) -> None:
        made = self.server.portero(
            "users", "create", name, "--password-stdin", "--json", stdin=PASSWORD
        )
        assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    port = free_port()
    env = {"PORTERO_PORT": str(port), "PORTERO_ISSUER": f"http://localhost:{port}"}
    running = launch(tmp_path_factory.mktemp("domain"), env, [PORTERO, "serve"])
    wait_until_healthy(running)
    yield Domain(running)
    running.stop()


@dataclass(frozen=True, slots=True)
class VirtualAuthenticator:
    session: CDPSession
    id: str

    def passkeys(self) -> list[dict[str, Any]]:
        told = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(told["credentials"])

    def lose(self) -> None:
        """All that it held."""
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})

    def be_somebody_else(self) -> None:
        """The finger on it is not its owner's."""
        self.session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False}
        )


@contextmanager
def authenticator(page: Page) -> Iterator[VirtualAuthenticator]:
    """One that is built into the computer, and whose owner is at it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield VirtualAuthenticator(session, made["authenticatorId"])
