"""Chromium's own authenticator, by the DevTools protocol: a page's real script asks a real browser
for a real passkey (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page


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
    session.detach()
