"""Who has to enrol a second factor may put it off for so many days: nobody gets more, by no way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.authenticators import store as authenticator_store
from portero.core.sessions.store import sessions
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer
from tests.support.racing import at_once
from tests.support.relying_party import claims_of, fields, query_of, relying_party

DAYS = 14
REQUIRED = {"PORTERO_SECOND_FACTOR": "required"}
GRACE = {**REQUIRED, "PORTERO_SECOND_FACTOR_GRACE_DAYS": str(DAYS)}


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**GRACE)
    home.create("ana", "ana@example.org")
    return home


def login(home: Home) -> Any:
    return home.post("/login", username="ana", password=PASSWORD).json


def not_now(home: Home, owed: Any) -> TestResponse:
    return home.post("/login/continue", auth_session=owed["auth_session"], not_now=True)


def typed(browser: FlaskClient, page: TestResponse, **more: str) -> TestResponse:
    return browser.post("/sign-in", data={**fields(page), **more})


def owing(browser: FlaskClient) -> TestResponse:
    page = typed(browser, browser.get("/sign-in"), username="ana", password=PASSWORD)
    assert fields(page)["owed"] == "enrol_factor"
    return page


def offers(page: TestResponse) -> bool:
    return 'name="not_now"' in page.text


# --- while it lasts -----------------------------------------------------------------------------


def test_the_page_says_how_long_it_can_wait(home: Home) -> None:
    """With the last day, in the person's language; then it goes where they wanted to."""
    browser = home.client()
    last = home.clock.now() + timedelta(days=DAYS)
    page = owing(browser)
    assert offers(page)
    assert f'<time datetime="{last.date()}' in page.text
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    german = browser.post("/sign-in", data=form, headers={"Accept-Language": "de"})
    assert last.strftime("%d.%m.%Y") in german.text
    assert typed(browser, page, not_now="1").status_code == 303
    assert browser.get("/account").status_code == 200


def test_the_json_face_says_it_too(home: Home) -> None:
    """`not_now` is among the options while it is; what comes of it is a session of one factor."""
    owed = login(home)
    assert "not_now" in owed["options"]
    assert owed["not_now_until"].startswith(str((home.clock.now() + timedelta(days=DAYS)).date()))
    told: Any = not_now(home, owed).json
    claims = claims_of(told["access_token"])
    assert (claims["acr"], claims["amr"]) == ("aal1", ["pwd"])
    (entry,) = home.house.audit.list_entries(kind="login.second_factor_put_off")
    assert entry.details["until"] == owed["not_now_until"]


def test_an_application_that_needs_two_takes_one_meanwhile(make_home: MakeHome) -> None:
    """And reads in the token that it was one; each new session is asked again."""
    home = make_home(PORTERO_SECOND_FACTOR_GRACE_DAYS=str(DAYS))
    home.create("ana")
    rp = relying_party(home, require_second_factor=True)
    page = typed(rp.browser, rp.browser.get(rp.begin().location), username="ana", password=PASSWORD)
    assert offers(page)
    done = typed(rp.browser, page, not_now="1")
    told = rp.redeem(query_of(rp.walk(done))["code"]).get_json()
    assert claims_of(told["id_token"])["acr"] == "aal1"
    assert rp.begin().location.startswith(("/consent", rp.redirect_uri))
    rp.browser = home.client()
    assert rp.begin().location.startswith("/sign-in")


# --- when it is over ----------------------------------------------------------------------------


def test_after_the_last_day_nobody_gets_round_it(make_home: MakeHome, home: Home) -> None:
    """Not by a page that was open before, nor the JSON face, nor a session that was let in."""
    browser, let_in = home.client(), home.client()
    typed(let_in, owing(let_in), not_now="1")
    token = not_now(home, login(home)).get_json()
    home.clock.let_pass(days=DAYS, seconds=-300)
    open_page, owed = owing(browser), login(home)
    home.clock.let_pass(seconds=301)
    late = typed(browser, open_page, not_now="1")
    assert (late.status_code, offers(late)) == (403, False)
    refused: Any = not_now(home, owed).json
    assert refused["code"] == "second_factor_due"
    assert "not_now" not in login(home)["options"]
    assert not offers(owing(home.client()))
    assert let_in.get("/account").status_code == 303
    assert home.post("/refresh", refresh_token=token["refresh_token"]).status_code == 401


def test_it_is_counted_once(make_home: MakeHome, home: Home) -> None:
    """The attack: sign in again, in another tab, another face, with the setting changed back and
    forth, or without ever pressing the button. The days are those since the first time."""
    first = login(home)["not_now_until"]
    home.clock.let_pass(days=3)
    assert login(home)["not_now_until"] == first
    owing(home.client())
    for rule in ("required", "optional", "off"):
        between = make_home(PORTERO_SECOND_FACTOR=rule)
        between.clock.let_pass(days=3)
        login(between)
    again = make_home(**GRACE)
    again.clock.let_pass(days=6)
    assert login(again)["not_now_until"] == first
    longer = make_home(**REQUIRED, PORTERO_SECOND_FACTOR_GRACE_DAYS="20")
    until = login(longer)["not_now_until"]
    assert until[:10] == str((home.clock.now() + timedelta(days=17)).date())


def test_of_many_first_times_at_once_one_counts(home: Home) -> None:
    """All of them tell one and the same day."""
    told = at_once(lambda _: login(home)["not_now_until"])
    assert len(set(told)) == 1


def test_there_is_none_unless_it_is_set(make_home: MakeHome) -> None:
    """The requirement meets the person all the same, and the days count from there."""
    home = make_home(**REQUIRED)
    home.create("ana")
    owed = login(home)
    assert "not_now" not in owed["options"]
    assert not_now(home, owed).status_code == 403
    later = make_home(**GRACE)
    later.clock.let_pass(days=DAYS, seconds=1)
    assert "not_now" not in login(later)["options"]


@pytest.mark.parametrize("by", ["owner", "operator"])
def test_who_had_a_factor_gets_no_grace(home: Home, by: str) -> None:
    """The attack: enrol one, remove it, and have another fortnight. (Whoever lost theirs and had an
    operator remove it enrols a new one at once.)"""
    assert not_now(home, login(home)).status_code == 200
    rooms = home.house.rooms
    account = rooms.accounts.get_by_name("ana")
    enrolled(home)
    (one,) = rooms.authenticators.list_of(account.id)
    if by == "owner":
        rooms.authenticators.remove(Actor.operator(), account.id, one.id)
    else:
        rooms.authenticators.remove_all(Actor.operator(), account.id)
    owed = login(home)
    assert (owed["owed"], "not_now" in owed["options"]) == ("enrol_factor", False)


def enrolled(home: Home) -> App:
    """An app, by the page that asks for it."""
    browser = home.client()
    begun = typed(browser, owing(browser), begin="totp")
    app = App(home, begun.text.split("<code>")[1].split("</code>")[0])
    assert typed(browser, begun, code=app.code()).status_code == 303
    return app


# --- what it is no way round --------------------------------------------------------------------


def test_an_enrolled_factor_is_not_put_off(home: Home) -> None:
    """Nor a level that an application wants, nor any other step."""
    enrolled(home)
    owed = login(home)
    assert (owed["owed"], "not_now" in owed["options"]) == ("second_factor", False)
    assert not_now(home, owed).get_json()["code"] == "second_factor_due"
    ben = home.create("ben")
    weak = home.post("/login", username="ben", password=PASSWORD, acr="aal2").get_json()
    assert (weak["owed"], "not_now" in weak["options"]) == ("enrol_factor", False)
    assert not_now(home, weak).status_code == 403
    assert home.house.db.read(lambda tx: authenticator_store.find_due(tx, ben.id)) is None


def test_other_steps_come_first(make_home: MakeHome) -> None:
    """What is put off is the factor alone."""
    home = make_home(**GRACE, PORTERO_REQUIRE_VERIFIED_EMAIL="on")
    home.register(email="ana@example.org")
    owed = login(home)
    assert owed["owed"] == "verify_email"
    assert not_now(home, owed).status_code == 403


def test_to_put_it_off_makes_no_session_fresher(make_home: MakeHome) -> None:
    """The attack: an open browser whose password was typed some minutes ago. Pressing the button
    again and again would keep it fresh for what harms most."""
    home = make_home(PORTERO_SECOND_FACTOR_GRACE_DAYS=str(DAYS))
    home.create("ana")
    rp = relying_party(home, require_second_factor=True)
    typed(rp.browser, rp.browser.get("/sign-in"), username="ana", password=PASSWORD)

    def auth_time() -> Any:
        (row,) = home.house.db.read(lambda tx: tx.execute(sessions.select()).all())
        return row.auth_time

    before = auth_time()
    home.clock.let_pass(seconds=600)
    page = rp.browser.get(rp.begin().location)
    assert 'name="password"' not in page.text
    assert offers(page)
    assert typed(rp.browser, page, not_now="1").status_code == 303
    assert auth_time() == before


def test_sessions_that_put_it_off_do_not_outlive_a_new_factor(make_home: MakeHome) -> None:
    """Another browser had put it off: once a factor is there, it proves that one."""
    home = make_home(PORTERO_SECOND_FACTOR_GRACE_DAYS=str(DAYS))
    home.create("ana")
    rp = relying_party(home, require_second_factor=True)
    page = typed(rp.browser, rp.browser.get(rp.begin().location), username="ana", password=PASSWORD)
    rp.walk(typed(rp.browser, page, not_now="1"))
    enrolled_app(home)
    assert fields(rp.browser.get(rp.begin().location))["owed"] == "second_factor"


def test_a_new_password_gives_no_more_time(home: Home) -> None:
    """The attack: a session that was let in for some days becomes a new one, with a life of its
    own."""
    login(home)
    home.clock.let_pass(days=DAYS - 1)
    told = not_now(home, login(home)).get_json()
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    renewed = home.client().post(
        "/password/change", json=body, headers=bearer(told["access_token"])
    )
    assert renewed.status_code == 200
    home.clock.let_pass(days=1, seconds=1)
    refreshed = home.post("/refresh", refresh_token=renewed.get_json()["refresh_token"])
    assert refreshed.status_code == 401


def test_an_offline_grant_gives_no_more_time(make_home: MakeHome) -> None:
    """The attack: an application that may stay when nobody is there keeps its tokens for a month,
    and so lets one in by the password alone long after the last day."""
    home = make_home(PORTERO_SECOND_FACTOR_GRACE_DAYS=str(DAYS))
    home.create("ana")
    scope = "openid offline_access"
    rp = relying_party(home, require_second_factor=True, scope=scope)
    typed(rp.browser, rp.browser.get(rp.begin().location), username="ana", password=PASSWORD)
    home.clock.let_pass(days=DAYS, seconds=-1800)
    asked = rp.browser.get(rp.begin(scope=scope).location)
    page = typed(rp.browser, asked, username="ana", password=PASSWORD)
    done = rp.walk(typed(rp.browser, page, not_now="1"))
    put_off = rp.redeem(query_of(done)["code"]).get_json()["refresh_token"]
    home.clock.let_pass(seconds=1500)
    renewed = rp.refresh(put_off)
    assert renewed.status_code == 200
    home.clock.let_pass(seconds=301)
    assert rp.refresh(renewed.get_json()["refresh_token"]).status_code == 400


def test_a_short_password_is_not_all_there_is(make_home: MakeHome) -> None:
    """SP 800-63B-4 §3.1.1.2 lets it be shorter beside a second factor: not while that may wait."""
    short = "vh4-Kq9x"
    assert (
        make_home(**REQUIRED).post("/register", username="ana", password=short).status_code == 201
    )
    answer = make_home(**GRACE).post("/register", username="ben", password=short)
    assert answer.status_code == 422
