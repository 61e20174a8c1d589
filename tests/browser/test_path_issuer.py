"""Cookies of an issuer with a path, kept and sent by a real browser over https."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.house import CHEAP_HASH, PASSWORD
from tests.support.server import PORTERO, launch, self_signed, wait_until_healthy
from tests.support.services import free_port

SECRET, WITNESS = "__Secure-portero", "__Host-portero+auth"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[str]:
    cert, key = self_signed(tmp_path)
    port = free_port()
    made = f"https://127.0.0.1:{port}/auth"
    env = {
        "PORTERO_PORT": str(port), "PORTERO_ISSUER": made,
        "PORTERO_TLS_CERT": str(cert), "PORTERO_TLS_KEY": str(key), **CHEAP_HASH,
    }  # fmt: skip
    server = launch(tmp_path, env, [PORTERO, "serve"])
    try:
        trusting = ssl.create_default_context(cafile=str(cert))
        wait_until_healthy(server, "/auth/healthz", tls=trusting)
        server.operate("users", "create", "ana", "--password-stdin", stdin=PASSWORD)
        yield made
        server.stop()
    finally:
        server.kill()


def test_the_secret_stays_below_the_path_and_needs_its_witness(
    chromium: Browser, issuer: str
) -> None:
    """A browser takes both cookies, sends the secret to the issuer alone, and is signed in while it
    has both."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"{issuer}/account")
    assert page.url == f"{issuer}/sign-in"
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{issuer}/account")

    def sent_to(url: str) -> set[str]:
        names = {cookie["name"] for cookie in context.cookies(url)}
        return {name for name in names if "portero_device" not in name}

    assert sent_to(f"{issuer}/account") == {SECRET, WITNESS}
    for elsewhere in ("/", "/authority", "/notes"):
        assert sent_to(issuer.removesuffix("/auth") + elsewhere) == {WITNESS}

    context.clear_cookies(name=WITNESS)
    page.goto(f"{issuer}/account")
    assert page.url == f"{issuer}/sign-in"
    context.close()
