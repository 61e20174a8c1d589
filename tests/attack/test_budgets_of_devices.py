"""Attacks of strangers on what the owner may still try: a browser that the account knows has
budgets of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.login.rules import SECOND_FACTOR_BY_ACCOUNT
from tests.support.authenticator_app import App, enrolled_app
from tests.support.codes import MAILBOX, another, mailed_code
from tests.support.counting import counted
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.mail_sign_in import asked, is_signed_in, type_code
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    return home


def with_password(browser: FlaskClient) -> Any:
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    return browser.post("/sign-in", data=form)


def sign_in(browser: FlaskClient, app: App) -> int:
    """With password and app."""
    page = with_password(browser)
    form = {**fields(page), "factor": "totp", "code": app.next_code()}
    return browser.post("/sign-in", data=form).status_code


def guess(home: Home, times: int) -> list[int]:
    """Somebody who knows the password, and not the code."""
    owed: Any = home.post("/login", username="ana", password=PASSWORD)
    body = {"auth_session": owed.json["auth_session"], "factor": "totp", "code": "000000"}
    return [home.post("/login/continue", **body).status_code for _ in range(times)]


def test_who_has_the_password_does_not_lock_the_owner_out_of_the_second_step(home: Home) -> None:
    """Ten wrong codes, again and again: strangers wait, the owner's browser does not."""
    app = enrolled_app(home)
    hers = home.client()
    assert sign_in(hers, app) == 303
    assert guess(home, 12)[-1] == 429
    assert sign_in(home.client(), app) == 429
    assert sign_in(hers, app) == 303


def test_a_flood_is_turned_away_before_it_costs_a_statement(home: Home) -> None:
    """Strangers who fill the line of hashes get no further, and whoever is known gets in."""
    hers = home.client()
    assert with_password(hers).status_code == 303
    hers.delete_cookie("portero_session")
    room = home.house.rooms.sign_in._passwords._room
    with ExitStack() as flood:
        for _ in range(room._most_strangers):
            flood.enter_context(room.place())
        with counted(home) as statements:
            refused = home.post("/login", username="ana", password=PASSWORD)
        assert (refused.status_code, refused.json["code"]) == (503, "hash_queue_full")
        assert refused.headers["Retry-After"] == "1"
        assert statements == []
        assert with_password(home.client()).status_code == 503
        assert with_password(hers).status_code == 303
    assert with_password(home.client()).status_code == 303


def test_a_known_browser_guesses_no_more_than_others(home: Home) -> None:
    """Whoever sits at it has ten tries too, and they are nobody else's."""
    app = enrolled_app(home)
    hers = home.client()
    assert sign_in(hers, app) == 303
    page = with_password(hers)
    answers = []
    for _ in range(12):
        form = {**fields(page), "factor": "totp", "code": "000000"}
        page = hers.post("/sign-in", data=form)
        answers.append(page.status_code)
    assert answers == [422] * 10 + [429] * 2
    assert sign_in(home.client(), app) == 303


def test_a_cookie_that_was_made_up_is_no_known_browser(home: Home) -> None:
    """Nor is that of another account."""
    app = enrolled_app(home)
    assert guess(home, 12)[-1] == 429
    home.create("eve", "eve@example.org")
    eves = home.client()
    form = {**fields(eves.get("/sign-in")), "username": "eve", "password": PASSWORD}
    assert eves.post("/sign-in", data=form).status_code == 303
    assert sign_in(eves, app) == 429
    made_up = home.client()
    made_up.set_cookie("portero_device", ".".join(["x" * 43] * 50))
    assert sign_in(made_up, app) == 429


def test_strangers_do_not_keep_a_factor_from_being_enrolled(home: Home) -> None:
    """Who is in has a budget of their own."""
    token = home.log_in()["access_token"]
    begun: Any = home.post("/me/authenticators/begin", token, kind="totp")
    app = App(home, begun.json["shown"]["secret"])
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    for _ in range(12):
        home.house.db.write(
            lambda tx: rooms.sign_in_steps._limits.spend(
                tx, SECOND_FACTOR_BY_ACCOUNT, account_id, now=home.clock.now()
            )
        )
    done = home.client().post(
        "/me/authenticators", json={"kind": "totp", "code": app.code()}, headers=bearer(token)
    )
    assert done.status_code == 201, done.text


def test_strangers_do_not_use_up_the_owners_mails(home: Home) -> None:
    """Five an hour for whoever asks; the browser in which she signed in before gets hers."""
    hers = home.client()
    assert with_password(hers).status_code == 303
    for _ in range(8):
        asked(home)
    home.deliver()
    before = len(home.mails())
    asked(home)
    home.deliver()
    assert len(home.mails()) == before
    hers.delete_cookie("portero", domain="127.0.0.1")
    browser, page = asked(home, browser=hers)
    home.deliver()
    assert len(home.mails()) == before + 1
    assert type_code(browser, page, mailed_code(home)).status_code == 303
    assert is_signed_in(browser)


def test_a_known_browsers_mails_have_a_bound_too(home: Home) -> None:
    """And the cookie itself is in no job: only hashes are."""
    hers = home.client()
    assert with_password(hers).status_code == 303
    hers.delete_cookie("portero", domain="127.0.0.1")
    for _ in range(8):
        asked(home, browser=hers)
    home.deliver()
    assert len(home.mails()) == 5


def test_wrong_codes_of_strangers_do_not_make_the_owners_worthless(home: Home) -> None:
    """Ten wrong ones a day, for whoever asks."""
    hers = home.client()
    assert with_password(hers).status_code == 303
    for _ in range(2):
        session: Any = home.post("/login/mail", username="ana")
        code = mailed_code(home)
        for _ in range(5):
            body = {"mail_session": session.json["mail_session"], "code": another(code)}
            assert home.post("/login/mail/continue", **body).status_code == 401
    hers.delete_cookie("portero", domain="127.0.0.1")
    browser, page = asked(home, browser=hers)
    assert type_code(browser, page, mailed_code(home)).status_code == 303
