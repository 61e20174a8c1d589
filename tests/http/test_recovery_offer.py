"""Who has to set up a factor to get in is offered recovery codes there and then, in both faces."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.authenticator_app import App
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import fields

OFFER = "/recovery-codes"
CODE = r"<code>([a-z2-7-]{20,})</code>"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.create("ana", "ana@example.org")
    return home


def set_up(home: Home) -> tuple[FlaskClient, str, App]:
    """A sign-in that owed a factor, where it leads to, and the app."""
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    owed = browser.post("/sign-in", data=form)
    begun = browser.post("/sign-in", data={**fields(owed), "begin": "totp"})
    (secret,) = re.findall(r"<code>([A-Z2-7 ]{16,})</code>", begun.text)
    app = App(home, secret.replace(" ", ""))
    done = browser.post("/sign-in", data={**fields(begun), "factor": "totp", "code": app.code()})
    assert done.status_code == 303, done.text
    return browser, done.location, app


def test_they_are_offered_where_the_factor_was_set_up(home: Home) -> None:
    """Asked for with a button, shown once, and one of them opens the account."""
    browser, place, _ = set_up(home)
    assert place.startswith(OFFER)
    offer = browser.get(place)
    assert not re.findall(CODE, offer.text)
    shown = browser.post(OFFER, data=fields(offer))
    codes = re.findall(CODE, shown.text)
    assert len(codes) == 10
    for way in ("data-print", "data-copy", 'download="recovery-codes.txt"', "I have kept them"):
        assert way in shown.text
    assert browser.get(OFFER).location == "/account"
    again = browser.post(OFFER, data=fields(offer))
    assert (again.status_code, again.location) == (303, "/account")
    owed: Any = home.post("/login", username="ana", password=PASSWORD)
    body = {"auth_session": owed.json["auth_session"], "factor": "recovery_code", "code": codes[0]}
    assert home.post("/login/continue", **body).status_code == 200


def test_not_now_is_an_answer(home: Home) -> None:
    """The way on is never in question."""
    browser, place, _ = set_up(home)
    form = {**fields(browser.get(place)), "not_now": "1"}
    assert browser.post(OFFER, data=form).location == "/account"
    assert browser.get("/account").status_code == 200


def test_a_later_sign_in_is_offered_none(home: Home) -> None:
    """Nor does whoever comes upon the page then see any."""
    _, _, app = set_up(home)
    home.clock.let_pass(minutes=11)
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    page = browser.post("/sign-in", data=form)
    done = browser.post("/sign-in", data={**fields(page), "factor": "totp", "code": app.code()})
    assert done.location == "/account"
    assert browser.get(OFFER).location == "/account"
    assert browser.post(OFFER, data=fields(page)).status_code == 303
    assert (
        home.house.rooms.recovery_codes.remaining(home.house.rooms.accounts.get_by_name("ana").id)
        == 0
    )


def test_strangers_and_forms_of_other_sites_get_none(home: Home) -> None:
    """Nobody is there; or the form is not ours."""
    browser, _, _ = set_up(home)
    assert home.client().get(OFFER).status_code == 303
    assert browser.post(OFFER, data={"csrf": "x"}).status_code == 403
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert home.house.rooms.recovery_codes.remaining(account_id) == 0


def test_the_api_tells_them_once_with_the_tokens(home: Home) -> None:
    """At the step that enrolled the factor, and at no later login."""
    owed: Any = home.post("/login", username="ana", password=PASSWORD)
    begun: Any = home.post(
        "/login/continue", auth_session=owed.json["auth_session"], factor="totp", begin=True
    )
    app = App(home, begun.json["shown"]["secret"])
    body = {"auth_session": begun.json["auth_session"], "factor": "totp", "code": app.code()}
    done: Any = home.post("/login/continue", **body)
    assert done.status_code == 200
    assert len(done.json["recovery_codes"]) == 10
    left: Any = home.client().get("/me/authenticators", headers=bearer(done.json["access_token"]))
    assert left.json["recovery_codes_left"] == 10
    owed = home.post("/login", username="ana", password=PASSWORD)
    body = {"auth_session": owed.json["auth_session"], "factor": "totp", "code": app.next_code()}
    later: Any = home.post("/login/continue", **body)
    assert "recovery_codes" not in later.json
