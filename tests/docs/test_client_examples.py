"""The examples of clients sign somebody in at a real server, registered as their pages say."""

from __future__ import annotations

import importlib.util
import re
import threading
from pathlib import Path
from types import ModuleType
from urllib.request import urlopen

import pytest

from tests.interop.browser import PASSWORD, USERNAME, Browser
from tests.support.server import RunningServer, StartServer

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "howto"


def example(name: str) -> ModuleType:
    """The example's module, loaded from its file as a server would."""
    path = ROOT / "examples" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def registered(running: RunningServer, page: str) -> dict[str, str]:
    """A client with the metadata that the page shows; and somebody who can sign in."""
    found = re.search(r"^```json\n(.*?)^```$", (PAGES / page).read_text(), re.M | re.S)
    assert found is not None
    running.operate("users", "create", USERNAME, "--password-stdin", stdin=PASSWORD)
    told: dict[str, str] = running.operate("clients", "create", "--metadata", "-", stdin=found[1])
    return told


def test_the_web_application(server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent to Portero, signed in, back and greeted; signed out at both."""
    running = server()
    client = registered(running, "clients/web-application.md")
    monkeypatch.setenv("PORTERO_ISSUER", running.url)
    monkeypatch.setenv("CLIENT_ID", client["client_id"])
    monkeypatch.setenv("CLIENT_SECRET", client["client_secret"])
    monkeypatch.setenv("SECRET_KEY", "only-for-this-test")
    visitor, base = example("web_app").create_app().test_client(), "http://127.0.0.1:5000"

    sent = visitor.get("/login", base_url=base)
    back = Browser(running.url).authorize(sent.location)
    assert back.startswith(f"{base}/callback?")
    assert visitor.get(back, base_url=base).status_code == 302
    assert visitor.get("/", base_url=base).get_json() == {"message": f"Hello, {USERNAME}!"}

    left = visitor.post("/logout", base_url=base)
    assert left.location.startswith(f"{running.url}/")
    assert visitor.get("/", base_url=base).location == "/login"


def test_the_native_application(server: StartServer) -> None:
    """A loopback port of its own, the browser, and who it was."""
    running = server()
    client = registered(running, "clients/native-application.md")

    def show(url: str) -> None:
        def browse() -> None:
            with urlopen(Browser(running.url).authorize(url), timeout=20) as page:
                page.read()

        threading.Thread(target=browse, daemon=True).start()

    found = example("native_app").sign_in(running.url, client["client_id"], show)
    assert found["preferred_username"] == USERNAME


def test_the_call_centre(server: StartServer) -> None:
    """Ana is on the telephone; she says yes in her browser, and the clerk reads who she is."""
    running = server()
    client = registered(running, "ciba.md")
    read_to_her: list[str] = []

    def say(sentence: str) -> None:
        read_to_her.append(sentence)
        browser = Browser(running.url)
        assert "Go on in Call centre." in browser.answer_application()

    found = example("call_centre").identify(
        running.url, client["client_id"], client["client_secret"], USERNAME, say
    )
    assert found["preferred_username"] == USERNAME
    assert f"{running.url}/requests" in read_to_her[0]
