"""A real browser on a real server, and an application that waits for the browser to come back."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from portero.core.accounts import store
from portero.kit.db import Database
from tests.support.house import CHEAP_HASH, PASSWORD
from tests.support.relying_party import hidden
from tests.support.server import PORTERO, RunningServer, launch, wait_until_healthy
from tests.support.services import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Root can't have Chromium's sandbox, and the rest keeps it from calling home.
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
NOTING = Path(__file__).with_name("noting")
# An answer that is no success is none of the page's faults.
_REFUSED = re.compile(r"status of (4|503)")
CODE = re.compile(r"^    (\d{6})\r?$", re.MULTILINE)
# A ring around what has the focus, by its own outline or around the label that it is in.
_SEEN = """(() => {
    const e = document.activeElement, box = e.getBoundingClientRect();
    const rings = [e, e.closest("label")].filter(Boolean).map((each) => getComputedStyle(each));
    return box.top >= -1 && box.bottom <= innerHeight + 1 && rings.some(
        (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2)
            || s.boxShadow !== "none");
})()"""
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@contextmanager
def opened_browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing: make system-deps")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Application:
    """A relying party that only notes where the browser arrived. `/onward` sends it to another
    origin of its own, as the callback of an API does."""

    host: str
    port: int = 0
    arrivals: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def callback(self) -> str:
        return f"http://{self.host}:{self.port}/callback"

    @property
    def onward(self) -> str:
        return f"http://{self.host}:{self.port}/onward"

    @property
    def home(self) -> str:
        return f"http://localhost:{self.port}/home"


@contextmanager
def listening(host: str) -> Iterator[Application]:
    made = Application(host)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(("/callback", "/onward")):
                made.arrivals.append(parse_qs(urlsplit(self.path).query))
            if self.path.startswith("/onward"):
                self.send_response(302)
                self.send_header("Location", made.home)
                self.end_headers()
                return
            self._say()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made.arrivals.append(parse_qs(body))
            self._say()

        def _say(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Arrived</title>")

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET

    server = Server((host.strip("[]"), 0), Answer)
    made.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@dataclass(frozen=True, slots=True)
class Place:
    """A running Portero with Ana and one application."""

    server: RunningServer
    client_id: str
    application: Application
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.server.port}"

    def person(self, name: str, *more: str) -> str:
        """Somebody new, with a proven address, which it returns."""
        address = f"{name}@example.org"
        proven = ("--email", address, "--email-verified")
        asked = ("users", "create", name, *proven, *more, "--password-stdin")
        self.server.operate(*asked, stdin=PASSWORD)
        return address

    def noted(self) -> list[str]:
        """The templates that its server took, in turn."""
        return (self.server.folder / "pages").read_text("utf-8").split()

    def register(self, redirect_uri: str, **more: str) -> str:
        """Another application; its client_id."""
        return str(self.client(redirect_uris=[redirect_uri], **more)["client_id"])

    def client(self, **metadata: object) -> Any:
        """What its registration answers."""
        asked = json.dumps(metadata)
        return self.server.operate("clients", "create", "--metadata", "-", stdin=asked)

    def confirm_phone(self, name: str, number: str) -> None:
        """As if its owner had proven it."""
        db, told = Database(self._database_url), self.server.operate("users", "show", name)
        values = {"phone": number, "phone_verified": True}
        db.write(lambda tx: store.change(tx, told["id"], values, now=datetime.now(UTC)))
        db.dispose()

    def mailed(self, page: Page, to: str, wanted: re.Pattern[str], nth: int = 1) -> str:
        """What the newest mail to that address says; at least `nth` such mails have come."""
        return self._awaited(page, "mail/*.eml", lambda raw: _found(raw, to, wanted), nth)[-1]

    def texted(self, page: Page, *, nth: int) -> str:
        """The code of the `nth` text message."""
        return self._awaited(page, "sms/*.txt", lambda raw: [raw.decode().strip()[-6:]], nth)[
            nth - 1
        ]

    def _awaited(
        self, page: Page, files: str, read: Callable[[bytes], list[str]], nth: int
    ) -> list[str]:
        """What is read in the files of that kind, once it is `nth` things."""
        for _ in range(200):
            paths = sorted((self.server.folder / "var").glob(files))
            found = [each for path in paths for each in read(path.read_bytes())]
            if len(found) >= nth:
                return found
            page.wait_for_timeout(50)  # the outbox is another thread's
        raise AssertionError(f"there are not {nth} in {files}")

    @property
    def _database_url(self) -> str:
        return f"sqlite:///{self.server.folder / 'var' / 'portero.db'}"

    def admit(self, page: Page, name: str) -> None:
        """Sign them in by the form as it is, and by no click: where a test begins behind it."""
        browser = page.context.request
        shown = hidden(browser.get(f"{self.url}/sign-in").text())
        form: dict[str, str | float | bool] = {**shown, "username": name, "password": PASSWORD}
        told = browser.post(
            f"{self.url}/sign-in", form=form, headers={"Origin": self.url}, max_redirects=0
        )
        assert told.status == 303, told.text()

    def authorize(self, **more: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.application.callback,
            "scope": "openid profile",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.url}/oauth/authorize?{urlencode(asked)}"


Places = Callable[..., Place]


def _found(raw: bytes, to: str, wanted: re.Pattern[str]) -> list[str]:
    """In a mail to that address; in another, nothing."""
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",)) if message["To"] == to else None
    return wanted.findall(str(body.get_content())) if body else []


@contextmanager
def placed(
    folder: Path, application: Application, host: str = "127.0.0.1", **settings: str
) -> Iterator[Place]:
    """`localhost` as the host, where passkeys can be: an address has none."""
    port = str(free_port())
    named = {"PORTERO_PORT": port, "PORTERO_ISSUER": f"http://{host}:{port}"}
    named |= {"PYTHONPATH": str(NOTING), "PAGES_NOTED": str(folder / "pages")}
    running = launch(folder, {**named, **CHEAP_HASH, **settings}, [PORTERO, "serve"])
    try:
        wait_until_healthy(running)
        running.operate("users", "create", "ana", "--password-stdin", stdin=PASSWORD)
        place = Place(running, "", application, host)
        told = place.client(
            redirect_uris=[application.callback],
            client_name="Notes",
            tos_uri="https://notes.example/terms",
        )
        yield replace(place, client_id=told["client_id"])
        running.stop()
    finally:
        running.kill()


def watched(page: Page) -> list[str]:
    """What the browser complains about: violations of the policy, and errors of scripts."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type in {"error", "warning"} and not _REFUSED.search(said.text)
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def context_of(chromium: Browser, *, scripts: bool, width: int = 0) -> BrowserContext:
    """On a desk; or on a phone, without scripts."""
    width = width or (1280 if scripts else 360)
    return chromium.new_context(
        locale="en",
        java_script_enabled=scripts,
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
    )


def type_sign_in(page: Page, place: Place, name: str) -> None:
    """The page as it comes, typed into from where its focus is; whatever it asks for first."""
    page.goto(f"{place.url}/sign-in")
    page.wait_for_selector("#username:focus")
    page.keyboard.type(name)
    page.keyboard.press("Tab" if page.is_visible("#password") else "Enter")
    page.wait_for_selector("#password:focus")
    page.keyboard.type(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, expression: str) -> None:
    """Press Tab until the focus is on what the expression says of `e`; and it can be seen there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"(() => {{ const e = document.activeElement; return {expression}; }})()"):
            assert page.evaluate(_SEEN), f"the focus does not show on {expression}"
            return
    raise AssertionError(f"the keyboard does not reach {expression}: {page.inner_text('main')}")


def press(page: Page, text: str) -> None:
    """The button or link that says so, by the keyboard."""
    tab_to(page, f"e.matches('main *') && e.textContent.trim() === '{text}'")
    page.keyboard.press("Enter")


def check_fit(page: Page) -> None:
    """On a screen of 320 pixels nothing runs out of the page, each field has a label, what can be
    pressed is large enough to be hit, and the page has one heading."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    unlabelled = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden], [aria-hidden=true])')]"
        ".filter(field => !field.labels.length).length"
    )
    assert unlabelled == 0
    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden], [aria-hidden=true])')]"
        ".map(e => e.closest('label') ?? e)"
        ".filter(e => !e.hidden && e.getBoundingClientRect().height < 44).length"
    )
    assert small == 0
    assert page.evaluate("document.querySelectorAll('main h1').length") == 1
