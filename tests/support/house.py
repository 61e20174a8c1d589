"""The whole house over a test's own database, with a clock that the test moves: no server, no
thread. `client` speaks HTTP to it through Flask's own test client."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portero.app import create_app
from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from portero.kit.secrets import Secret
from portero.outside.clock import SystemClock
from portero.protocol.jose.algorithms import SigningAlg
from portero.settings import load
from portero.web.host import ROOMS
from portero.web.lazy_rule import LazyRule
from portero.web.rooms import FaceSettings
from portero.wiring import House, join

SECRET_KEY = "tests-only-Zr4mQ8vL2xT7pK9wB3nH6yD1"
PASSWORD = "olive kettle wanders north"
OTHER_PASSWORD = "seven lanterns under ice"
ISSUER = "http://127.0.0.1:8000"
API_AUDIENCE = f"{ISSUER}/api"
# The cheapest hash that settings allow: what is tested here is not its cost.
CHEAP_HASH = {"PORTERO_ARGON2_TIME_COST": "1", "PORTERO_ARGON2_MEMORY_KIB": "7168"}


class MovableClock(SystemClock):
    """Real time, plus what the test has let pass."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return super().now() + self.passed

    def monotonic(self) -> float:
        return super().monotonic() + self.passed.total_seconds()

    def let_pass(self, **span: float) -> None:
        self.passed += timedelta(**span)


class IssuerClient(FlaskClient):
    """Asks below the issuer's URL, and keeps cookies for its host."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """What a page or redirect names is below it already; a `base_url` is asked as it is."""
        base = self._settings.base
        if "base_url" not in kwargs:
            kwargs["base_url"] = self._settings.issuer.removesuffix(base.path)
            if base.path and not args[0].startswith(base.path + "/"):
                args = (base.at(args[0]), *args[1:])
        return super().open(*args, **kwargs)

    def set_cookie(self, key: str, value: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("domain", urlsplit(self._settings.issuer).hostname)
        super().set_cookie(key, value, **kwargs)

    @property
    def _settings(self) -> FaceSettings:
        settings: FaceSettings = self.application.extensions[ROOMS].settings
        return settings


@dataclass(frozen=True, slots=True)
class Home:
    """A house with its clock, its Flask application and its mails."""

    house: House
    clock: MovableClock
    app: Flask
    folder: Path

    def at(self, path: str) -> str:
        """One of our paths, as a page of this house names it."""
        return self.house.rooms.settings.at(path)

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def post(self, path: str, token: str = "", **body: Any) -> TestResponse:
        return self.client().post(path, json=body, headers=bearer(token))

    def get(self, path: str, token: str = "") -> TestResponse:
        return self.client().get(path, headers=bearer(token))

    def register(self, username: str = "ana", password: str = PASSWORD, **more: Any) -> Any:
        answer = self.post("/register", username=username, password=password, **more)
        assert answer.status_code == 201, answer.text
        return answer.json

    def log_in(self, username: str = "ana", password: str = PASSWORD) -> Any:
        answer = self.post("/login", username=username, password=password)
        assert answer.status_code == 200, answer.text
        return answer.json

    def create(self, username: str, email: str = "", **more: Any) -> Any:
        """An account with a proven address, as an operator makes it."""
        asked = NewAccount(username=username, email=email, email_verified=bool(email))
        admin = self.house.rooms.account_admin
        return admin.create(Actor.operator(), asked, Secret(PASSWORD), **more)

    def deliver(self) -> None:
        """Run the outbox until it is empty: one job may enqueue the next."""
        while self.house.worker.run_once():
            pass

    def mails(self) -> list[str]:
        """The mails written so far, oldest first, decoded."""
        import email
        import email.policy

        found = []
        for path in sorted((self.folder / "mail").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            part = message.get_body(("plain",))
            text = part.get_content() if part is not None else ""
            found.append(f"To: {message['To']}\nSubject: {message['Subject']}\n\n{text}")
        return found

    def mailed_token(self, path: str) -> str:
        """The token in the newest mailed link to that page."""
        import re

        self.deliver()
        page = re.escape(self.house.settings.issuer + path)
        found = re.findall(page + r"\?token=([\w-]+)", "\n".join(self.mails()))
        assert found, f"no link to {path} in {self.mails()}"
        return str(found[-1])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def basic(client_id: str, secret: str) -> dict[str, str]:
    """A client's proof by `client_secret_basic`; what is registered in tests needs no escapes."""
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


MakeHome = Callable[..., Home]


def _remember_routes() -> None:
    """Each house reads the same hundred routes, as one regular expression after another: a tenth of
    what a test costs. What one has read serves all of this process."""
    read, kept = LazyRule.compile, dict[tuple[str, str], dict[str, Any]]()

    def recall(rule: Rule) -> None:
        key = (rule.rule, str(rule.defaults))
        if key not in kept:
            read(rule)
            names = ("_parts", "_trace", "_converters", "arguments")
            kept[key] = {name: getattr(rule, name) for name in names}
            return
        vars(rule).update(kept[key], arguments=set(kept[key]["arguments"]))
        rule._build = rule._compile_builder(False).__get__(rule, None)
        rule._build_unknown = rule._compile_builder(True).__get__(rule, None)

    LazyRule.compile = recall  # type: ignore[assignment,method-assign]


_remember_routes()


@contextmanager
def homes(database_url: str, folder: Path) -> Iterator[MakeHome]:
    """`make(**settings)` joins a house over that database; several share it."""
    made: list[Home] = []

    def make(**settings: str) -> Home:
        environ = {
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": database_url,
            "PORTERO_ISSUER": ISSUER,
            "PORTERO_DATA_DIR": str(folder / "var"),
            **CHEAP_HASH,
            **settings,
        }
        clock = MovableClock()
        house = join(load(environ, cwd=folder), clock=clock, pause=lambda seconds: None)
        house.keys.keep((SigningAlg.ES256,))
        house.feed.poll()
        app = create_app(house=house)
        app.test_client_class = IssuerClient
        home = Home(house, clock, app, folder / "var")
        made.append(home)
        return home

    yield make
    for home in made:
        home.house.hasher.close()
        home.house.db.dispose()


@pytest.fixture
def make_home(database_url: str, tmp_path: Path) -> Iterator[MakeHome]:
    """`make_home(**settings)` joins a house over this test's database; several share it."""
    with homes(database_url, tmp_path) as make:
        yield make


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home()
