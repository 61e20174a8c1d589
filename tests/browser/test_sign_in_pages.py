"""The way through the pages in a real browser: with the keyboard, on a narrow screen, by night."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.house import PASSWORD
from tests.support.server import PORTERO, launch, wait_until_healthy

# Root can't have Chromium's sandbox, and the rest keeps it from calling home.
FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing: make system-deps")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Application:
    """A relying party that only notes where the browser arrived."""

    port: int = 0
    arrivals: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    made = Application()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/callback"):
                made.arrivals.append(parse_qs(urlsplit(self.path).query))
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

    listening = HTTPServer(("127.0.0.1", 0), Answer)
    made.port = listening.server_port
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield made
    listening.shutdown()
    listening.server_close()


@dataclass(frozen=True, slots=True)
class Place:
    """A running Portero with Ana and one application."""

    url: str
    client_id: str
    application: Application

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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, application: Application) -> Iterator[Place]:
    running = launch(tmp_path_factory.mktemp("place"), {}, [PORTERO, "serve"])
    wait_until_healthy(running)
    made = running.portero("users", "create", "ana", "--password-stdin", "--json", stdin=PASSWORD)
    assert made.returncode == 0, made.stderr
    metadata = {
        "redirect_uris": [application.callback],
        "client_name": "Notes",
        "tos_uri": "https://notes.example/terms",
    }
    client = running.portero("clients", "create", "--metadata", "-", stdin=json.dumps(metadata))
    assert client.returncode == 0, client.stderr
    yield Place(running.url, json.loads(client.stdout)["client_id"], application)
    running.stop()


def watched(page: Page) -> list[str]:
    """What the browser complains about: violations of the policy, and errors of scripts."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type in {"error", "warning"} and "status of 4" not in said.text
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def test_a_person_signs_in_with_the_keyboard_alone(chromium: Browser, place: Place) -> None:
    """Typing, Tab and Enter, to the application and its code; nothing breaks the page's policy."""
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize())
    assert page.title().startswith("Sign in")
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    page.keyboard.type(PASSWORD)  # the name was kept, and the password has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "allow":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.application.callback}*")
    told = place.application.arrivals[-1]
    assert told["state"] == ["s"]
    assert told["iss"] == [place.url]
    assert told["code"]
    assert complaints == []
    page.context.close()


def test_an_answer_posts_itself(chromium: Browser, place: Place) -> None:
    """form_post, through the page's own script, under a policy without unsafe sources."""
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize(response_mode="form_post"))
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.click("button[value=allow]")
    page.wait_for_url(place.application.callback)
    assert place.application.arrivals[-1]["code"]
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_pages_fit_a_narrow_screen(
    chromium: Browser, place: Place, scheme: str, locale: str
) -> None:
    """320 pixels, long words, both ways of writing: nothing runs out of the page, each field has
    a label, and what can be pressed is large enough to be hit."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    page = context.new_page()
    page.goto(place.authorize())
    seen = [page.title()]
    _check_fit(page)
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    seen.append(page.title())
    _check_fit(page)
    page.goto(f"{place.url}/account")
    seen.append(page.title())
    _check_fit(page)
    assert len(set(seen)) == 3
    assert page.evaluate("document.documentElement.dir") == ("rtl" if locale == "ar" else "ltr")
    context.close()


def _check_fit(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    unlabelled = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden])')]"
        ".filter(field => !field.labels.length).length"
    )
    assert unlabelled == 0
    small = page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden])')]"
        ".filter(e => e.getBoundingClientRect().height < 44).length"
    )
    assert small == 0
    assert page.evaluate("document.querySelectorAll('main h1').length") == 1
