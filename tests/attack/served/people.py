"""Who asks: each with what they can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.authenticator_app import enrolled_app
from tests.support.house import PASSWORD, Home, basic, bearer
from tests.support.production import ISSUER
from tests.support.relying_party import fields, relying_party

OURS = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True)
class Person:
    """`browser` is theirs alone; `headers` go with every request."""

    browser: Any
    headers: dict[str, str] = field(default_factory=dict)

    def token(self) -> str:
        """What a form of this browser sends along."""
        return fields(self.browser.get("/forgot-password"))["csrf"]

    def form(self) -> dict[str, str]:
        """What every form of somebody who is signed in sends along."""
        page = fields(self.browser.get("/account/profile"))
        return {each: page[each] for each in ("csrf", "session")}

    def ask(self, method: str, path: str, *, body: Any = None, form: Any = None) -> Any:
        return self.browser.open(path, method=method, headers=self.headers, json=body, data=form)


def anonymous(home: Home) -> Person:
    return Person(home.client(), dict(OURS))


def halfway(home: Home, name: str = "half") -> Person:
    """Has proven the password, in the browser and at the API, and owes a second factor."""
    home.create(name)
    enrolled_app(home, name)
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": name, "password": PASSWORD}
    page = browser.post("/sign-in", data=form, headers=OURS)
    assert "auth_session" in page.text, page.text
    owed = home.post("/login", username=name, password=PASSWORD)
    assert owed.status_code == 403, owed.text
    return Person(browser, bearer(owed.json["auth_session"]))


def in_a_browser(home: Home, name: str) -> Person:
    """Signed in on the pages."""
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": name, "password": PASSWORD}
    answer = browser.post("/sign-in", data=form, headers=OURS)
    assert answer.status_code == 303, answer.text
    return Person(browser, dict(OURS))


def with_token(home: Home, name: str) -> Person:
    """Signed in by the JSON API."""
    return Person(home.client(), bearer(home.log_in(name)["access_token"]))


def by_cookie(home: Home, name: str) -> Person:
    """Signed in by the JSON API, the tokens in cookies."""
    browser = home.client()
    body = {"username": name, "password": PASSWORD, "delivery": "cookie"}
    answer = browser.post("/login", json=body, headers=OURS)
    assert answer.status_code == 200, answer.text
    return Person(browser, dict(OURS))


def of_an_application(home: Home, name: str) -> Person:
    """What another application was given when that person used it."""
    party = relying_party(home)
    party.walk(party.begin(), username=name)
    return Person(home.client(), bearer(party.sign_in()["access_token"]))


def a_service(home: Home) -> Person:
    """A client with a token of its own, for something else."""
    service = relying_party(
        home, grant_types=["client_credentials"], response_types=[], redirect_uris=[],
        scope="reports:read",
    )  # fmt: skip
    told = home.client().post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers=basic(service.client_id, service.secret),
    )
    assert told.status_code == 200, told.text
    return Person(home.client(), bearer(told.json["access_token"]))
