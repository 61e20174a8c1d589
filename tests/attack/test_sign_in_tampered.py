"""The steps of a sign-in with each field left out, empty, null, a list, or twice; out of order, and
from two tabs: never a step further, and never an error of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from portero.core.sessions.store import sessions
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.push import begun_push, enrolled_push
from tests.support.push_service import PushService
from tests.support.relying_party import fields

TAMPERED: list[Any] = ["left out", "", None, [], ["x"], {}, 0, True, "\x00", "x" * 5000]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is how a step is read."""
    return sqlite_url


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_LIMITS="second_factor_by_account=1000/900")
    home.register()
    return home


def count(home: Home) -> int:
    return home.house.db.read(lambda tx: len(tx.execute(sessions.select()).all()))


def owing(home: Home) -> dict[str, Any]:
    return dict(home.post("/login", username="ana", password=PASSWORD).json)


@pytest.mark.parametrize("name", ["auth_session", "factor", "code", "begin", "credential", "name"])
@pytest.mark.parametrize("value", TAMPERED, ids=repr)
def test_a_field_of_the_json_step(home: Home, name: str, value: Any) -> None:
    """With a wrong code in the others: none of it is a proof.

    CVE-2026-49448: an empty post skipped a stage of authentik.
    """
    enrolled_app(home)
    body = {"auth_session": owing(home)["auth_session"], "factor": "totp", "code": "000000"}
    before = count(home)
    if value == "left out":
        body.pop(name, None)
    else:
        body[name] = value
    answer = home.client().post("/login/continue", json=body)
    assert 400 <= answer.status_code < 500
    assert count(home) == before


@pytest.mark.parametrize("name", ["auth_session", "factor", "poll", "begin", "credential", "code"])
@pytest.mark.parametrize("value", TAMPERED, ids=repr)
def test_a_field_of_the_json_step_that_waits(
    home: Home, push_service: PushService, name: str, value: Any
) -> None:
    """The same while a device is asked: whatever is said of it here, nobody has answered there."""
    enrolled_push(home, push_service)
    body = {"auth_session": begun_push(home)["auth_session"], "factor": "push", "poll": True}
    before = count(home)
    if value == "left out":
        body.pop(name, None)
    else:
        body[name] = value
    answer = home.client().post("/login/continue", json=body)
    assert 400 <= answer.status_code < 500
    assert count(home) == before


@pytest.mark.parametrize("name", ["csrf", "request", "auth_session", "owed", "factor", "code"])
@pytest.mark.parametrize("how", ["left out", "empty", "twice", "as a list", "odd"])
def test_a_field_of_the_page(home: Home, name: str, how: str) -> None:
    """The same for the form."""
    enrolled_app(home)
    browser, page = at_the_code(home)
    before = count(home)
    pairs = [*{**fields(page), "code": "000000"}.items()]
    kept = dict(pairs).get(name, "")
    pairs = [pair for pair in pairs if pair[0] != name]
    pairs += {
        "left out": [],
        "empty": [(name, "")],
        "twice": [(name, kept), (name, "x")],
        "as a list": [(f"{name}[]", kept)],
        "odd": [(name, "\x00")],
    }[how]
    answer = browser.post(
        "/sign-in", data=urlencode(pairs), content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code < 500
    assert count(home) == before
    assert browser.get("/account").status_code == 303


def at_the_code(home: Home) -> tuple[FlaskClient, Any]:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    return browser, browser.post("/sign-in", data=form)


def test_going_back_shows_no_way_round(home: Home) -> None:
    """The page before, again: the password is no second step, and the account page stays shut."""
    enrolled_app(home)
    browser, page = at_the_code(home)
    before = count(home)
    for form in (
        {**fields(page), "username": "ana", "password": PASSWORD},
        {**fields(page), "owed": "change_password", "new_password": "another one of mine, long"},
        {**fields(page), "owed": "enrol_factor", "begin": "email"},
        {**fields(page), "owed": "", "resend": "1"},
    ):
        assert browser.post("/sign-in", data=form).status_code < 500
        assert browser.get("/account").status_code == 303
    assert count(home) == before


def test_of_two_tabs_each_needs_its_own_code(home: Home) -> None:
    """The second tab's step is not carried by the first one's proof."""
    app = enrolled_app(home)
    browser, first = at_the_code(home)
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    second = browser.post("/sign-in", data=form)
    code = app.next_code()
    assert browser.post("/sign-in", data={**fields(first), "code": code}).status_code == 303
    renewed = fields(browser.get("/sign-in"))["csrf"]
    again = {**fields(second), "csrf": renewed, "code": code}
    assert browser.post("/sign-in", data=again).status_code == 422


def test_a_spent_step_goes_nowhere(home: Home) -> None:
    """The secret of a step that was answered, in either face."""
    app = enrolled_app(home)
    owed = owing(home)
    body = {"auth_session": owed["auth_session"], "factor": "totp", "code": app.next_code()}
    assert home.post("/login/continue", **body).status_code == 200
    before = count(home)
    for code in (body["code"], app.next_code()):
        assert home.post("/login/continue", **{**body, "code": code}).status_code == 401
        browser = home.client()
        form = {**fields(browser.get("/sign-in")), **body, "code": code}
        assert browser.post("/sign-in", data=form).status_code == 401
    assert count(home) == before


def test_who_must_enrol_gets_round_it_in_no_face(make_home: MakeHome) -> None:
    """Begun on the page, finished by the API or in another browser, or not at all."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.register()
    browser, page = at_the_code(home)
    secret = fields(page)["auth_session"]
    assert fields(page)["owed"] == "enrol_factor"
    for body in (
        {},
        {"factor": "totp", "code": "000000"},
        {"factor": "recovery_code", "code": "x"},
    ):
        answer = home.post("/login/continue", auth_session=secret, **body)
        assert answer.status_code in {401, 403, 422}
        secret = answer.json.get("auth_session", secret)
    for place in ("/account", "/account/security", "/account/sessions"):
        assert browser.get(place).status_code == 303
    assert count(home) == 0
    begun = home.post("/login/continue", auth_session=secret, factor="totp", begin=True).json
    app = App(home, begun["shown"]["secret"])
    proof = {"auth_session": begun["auth_session"], "factor": "totp", "code": app.code()}
    assert home.post("/login/continue", **proof).status_code == 200
