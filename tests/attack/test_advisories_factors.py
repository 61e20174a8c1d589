"""Advisories on second factors, each by its name. (Codes that are sent: `test_advisories_codes`;
what is tried of them elsewhere stands in docs/reference/advisories.md.)"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind
from portero.core.sessions.store import sessions
from tests.http.test_device_flow import begin as begin_on_device
from tests.http.test_device_flow import decide, error_of, look, poll, television
from tests.http.test_device_flow import signed_in as signed_in_for_device
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import fields, relying_party

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def half_way(home: Home) -> tuple[FlaskClient, dict[str, str]]:
    """A browser in which the password was right, and the form that asks for the factor."""
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    page = fields(browser.post("/sign-in", data=form))
    assert page["owed"] == "second_factor"
    return browser, page


def asked_who(browser: FlaskClient, user_code: str) -> bool:
    """Whether the page of a device asks for a sign-in, whatever is sent to it."""
    form = {**fields(browser.get("/sign-in")), "user_code": user_code, "decision": "allow"}
    answers = [look(browser, user_code), browser.post("/device", data=form)]
    return all(a.status_code == 303 and a.location.startswith("/sign-in") for a in answers)


def count(home: Home) -> int:
    return home.house.db.read(lambda tx: len(tx.execute(sessions.select()).all()))


@on_sqlite
def test_cve_2026_32246_half_a_sign_in_opens_nothing(home: Home) -> None:
    """tinyauth let whoever had the password alone through to applications. Not to one, not to any
    page that wants somebody, not to the API, not to a device; nor with the step's secret as if it
    were a token or a cookie."""
    home.register("ana")
    enrolled_app(home)
    rp, tv = relying_party(home), television(home)
    device = begin_on_device(home, tv)
    before = count(home)
    browser, page = half_way(home)

    rp.browser = browser
    place = rp.begin().location
    assert place.startswith("/sign-in?request=")
    silent = rp.begin(prompt="none").location
    assert "error=login_required" in silent
    rules = [r.rule for r in home.app.url_map.iter_rules() if r.rule.startswith("/account")]
    for path in [*(rule for rule in rules if "<" not in rule), "/device", "/consent", "/requests"]:
        answer = browser.get(path)
        assert answer.status_code in {303, 400, 404, 405} or 'name="password"' in answer.text, path
    assert asked_who(browser, device["user_code"])
    assert error_of(poll(home, tv, device["device_code"])) == "authorization_pending"

    secret = page["auth_session"]
    for path in ("/me", "/protected", "/me/sessions", "/oauth/userinfo"):
        assert home.client().get(path, headers=bearer(secret)).status_code == 401
    assert home.post("/refresh", refresh_token=secret).status_code == 401
    thief = home.client()
    for name in ("portero", "portero_at", "portero_rt"):
        thief.set_cookie(name, secret)
    assert thief.get("/account").status_code == 303
    assert thief.get("/me").status_code == 401
    assert count(home) == before


@on_sqlite
def test_cve_2026_94218_a_way_round_is_judged_anew(make_home: MakeHome) -> None:
    """CVE-2025-3910: Keycloak forgot what had to be set up when the flow began again. Reloaded,
    begun anew, in a second tab, by way of an application, by the API: each still owes it."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.register("ana")
    browser = home.client()
    rp = relying_party(home)
    rp.browser = browser

    def sign_in(path: str) -> dict[str, str]:
        form = {**fields(browser.get(path)), "username": "ana", "password": PASSWORD}
        return fields(browser.post("/sign-in", data=form))

    first = sign_in("/sign-in")
    waiting = rp.begin().location
    for page in (first, sign_in("/sign-in"), sign_in(waiting), sign_in(waiting)):
        assert page["owed"] == "enrol_factor"
    for form in (
        {**first, "owed": ""},
        {**first, "owed": "verify_email"},
        {**first, "username": "ana", "password": PASSWORD},
        {name: value for name, value in first.items() if name != "owed"},
    ):
        browser.post("/sign-in", data=form)
        assert browser.get("/account").status_code == 303
    api: Any = home.post("/login", username="ana", password=PASSWORD)
    assert (api.status_code, api.json["owed"]) == (403, "enrol_factor")
    again = home.post("/login/continue", auth_session=api.json["auth_session"])
    assert again.status_code == 403
    assert count(home) == 0


@on_sqlite
def test_cve_2022_25838_an_app_that_proved_nothing_is_none(home: Home) -> None:
    """Laravel Fortify: an app counted before its owner had typed a code, or with the code of
    another secret. Begun and left, begun twice, and answered wrongly: the sign-in owes nothing."""
    home.register("ana")
    home.register("eve")
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    session = rooms.sign_in.with_password(actor, "ana", PASSWORD).session
    token = home.log_in()["access_token"]
    first = App(home, rooms.enrolment.begin(actor, session, FactorKind.TOTP)["secret"])
    begun = home.post("/me/authenticators/totp", token)
    assert begun.status_code in {200, 201, 404, 405}
    rooms.enrolment.begin(actor, session, FactorKind.TOTP)
    eves = rooms.sign_in.with_password(actor, "eve", PASSWORD).session
    foreign = App(home, rooms.enrolment.begin(actor, eves, FactorKind.TOTP)["secret"])
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    browser.post("/sign-in", data=form)
    shown = fields(browser.get("/account/security/app"))
    for code in (first.code(), foreign.code(), "000000", ""):
        answer = browser.post("/account/security/app", data={**shown, "code": code})
        assert answer.status_code != 303 or "security" in answer.location
    assert not rooms.authenticators.list_of(session.account_id)
    home.log_in()


@pytest.mark.parametrize("when", ["before it began", "between yes and tokens"])
@on_sqlite
def test_cve_2026_16103_a_device_gets_nothing_for_who_is_locked_out(home: Home, when: str) -> None:
    """Keycloak looked at one end of a decoupled sign-in alone: with the account disabled, nobody
    answers a device, and a yes of before brings no tokens (CVE-2026-9798; CIBA: `test_ciba`)."""
    account = home.register("ana")
    tv = television(home)
    device = begin_on_device(home, tv)
    browser = signed_in_for_device(home)
    admin = home.house.rooms.account_admin
    if when == "between yes and tokens":
        assert decide(browser, device["user_code"]).status_code < 400
    admin.disable(Actor.operator(), account["id"])
    if when == "before it began":
        assert asked_who(browser, device["user_code"])
        assert error_of(poll(home, tv, device["device_code"])) == "authorization_pending"
    else:
        answer = poll(home, tv, device["device_code"])
        assert (answer.status_code, "access_token" in answer.text) == (400, False)


@on_sqlite
def test_totp_is_judged_by_our_clock(home: Home) -> None:
    """ASVS 6.5.8: whatever time the client says it is, the code of an hour ago is nothing, and that
    of a phone whose clock is an hour ahead neither (CVE-2024-7318)."""
    home.register("ana")
    app = enrolled_app(home)
    home.clock.let_pass(hours=2)
    for later in (-120, -3, 3, 120):
        owed: Any = home.post("/login", username="ana", password=PASSWORD).json
        body = {"auth_session": owed["auth_session"], "factor": "totp"}
        then = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "X-Timestamp": "0"}
        answer = home.client().post(
            "/login/continue", json={**body, "code": app.code(steps_later=later)}, headers=then
        )
        assert answer.status_code == 422
    owed = home.post("/login", username="ana", password=PASSWORD).json
    body = {"auth_session": owed["auth_session"], "factor": "totp", "code": app.code()}
    assert home.post("/login/continue", **body).status_code == 200
