"""An application that asks for people who are elsewhere (CIBA), and the people's side of it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home
from tests.support.relying_party import fields

GRANT: Final = "urn:openid:params:grant-type:ciba"
CIBA: Final = "/oauth/ciba"
NOTIFICATION_TOKEN: Final = "8d67dc78-7faa-4d41-aabd-67707b374255"
_SECTION: Final = re.compile(r"<section.*?</section>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bank:
    """A confidential client, which proves itself with its secret."""

    home: Home
    client_id: str
    secret: str

    def send(
        self, form: dict[str, str], path: str = CIBA, headers: dict[str, str] | None = None
    ) -> TestResponse:
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        proof = {"Authorization": f"Basic {pair}", **(headers or {})}
        return self.home.client().post(path, data=form, headers=proof)

    def ask(self, **form: str | None) -> TestResponse:
        """A request for Ana; a keyword replaces a parameter, None leaves it out."""
        asked: dict[str, str | None] = {"scope": "openid profile", "login_hint": "ana", **form}
        return self.send({name: value for name, value in asked.items() if value is not None})

    def begin(self, **form: str | None) -> str:
        """The auth_req_id of a request that was accepted."""
        answer = self.ask(**form)
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["auth_req_id"])

    def poll(self, auth_req_id: str, **form: str) -> TestResponse:
        sent = {"grant_type": GRANT, "auth_req_id": auth_req_id, **form}
        return self.send(sent, "/oauth/token")


def bank(home: Home, **metadata: Any) -> Bank:
    asked = {
        "client_name": "Bank",
        "grant_types": [GRANT, "refresh_token"],
        "response_types": [],
        "id_token_signed_response_alg": "ES256",  # the house of the tests makes no RSA key
        **metadata,
    }
    created = home.house.clients.create(Actor.operator(), asked)
    assert created.secret is not None
    return Bank(home, created.client.client_id, created.secret.reveal())


def ringing_bank(home: Home, url: str, **metadata: Any) -> Bank:
    """One that is told when its person has answered."""
    return bank(
        home,
        backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=url,
        **metadata,
    )


def signed_in(home: Home, username: str = "ana", browser: FlaskClient | None = None) -> FlaskClient:
    """A browser in which somebody is signed in."""
    browser = browser or home.client()
    form = {**fields(browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def waiting(browser: FlaskClient) -> list[str]:
    """The requests on the page, as their pieces of HTML."""
    page = browser.get("/requests")
    assert page.status_code == 200, page.text
    return _SECTION.findall(page.text)


def form_of(section: str) -> dict[str, str]:
    """The form of one request on the page."""
    names = dict(re.findall(r'name="(id|session|csrf)" value="([^"]*)"', section))
    assert set(names) == {"id", "session", "csrf"}
    return names


def answer(browser: FlaskClient, decision: str = "allow", *, which: int = 0) -> TestResponse:
    """Press a button of one of the requests, the newest first."""
    form = form_of(waiting(browser)[which])
    return browser.post("/requests", data={**form, "decision": decision})


def error_of(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])
