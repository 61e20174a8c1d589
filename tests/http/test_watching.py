"""What the owner hears of sign-ins that may be somebody else's (ASVS 5.0 6.3.5)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.authenticator_app import App, enrolled_app
from tests.support.codes import mailed_code
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.mail_sign_in import asked, is_signed_in, type_code
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


MAILBOX = "ana@example.org"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
NEW = "Subject: A sign-in on a new device"
LEFT = "Subject: Somebody may know your password"


def typed(home: Home, browser: FlaskClient | None = None) -> tuple[FlaskClient, Any]:
    """The right password, in that browser."""
    browser = browser or home.client()
    browser.environ_base["HTTP_USER_AGENT"] = FIREFOX
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    return browser, browser.post("/sign-in", data=form)


def told(home: Home, subject: str) -> list[str]:
    home.deliver()
    return [mail for mail in home.mails() if subject in mail]


def test_the_owner_hears_of_a_sign_in_on_a_new_device(home: Home) -> None:
    """Once for each browser, in the words that people use; not for one that is known, and not in
    the account's first day."""
    home.create("ana", MAILBOX)
    first, _ = typed(home)
    assert told(home, NEW) == []
    home.clock.let_pass(days=2)
    typed(home, first)
    assert told(home, NEW) == []
    thief, _ = typed(home)
    (mail,) = told(home, NEW)
    assert mail.startswith(f"To: {MAILBOX}")
    assert "Firefox on Linux" in mail
    assert "/account/security" in mail
    typed(home, thief)
    assert len(told(home, NEW)) == 1


def test_only_a_proven_mailbox_hears_of_it(home: Home) -> None:
    """Nobody is told where somebody else's account was signed in to."""
    home.register("ana", email=MAILBOX)
    home.clock.let_pass(days=2)
    typed(home)
    assert told(home, NEW) == []


def test_a_sign_in_by_mail_was_told_by_the_mail(make_home: MakeHome) -> None:
    """Two letters about one thing teach people to read neither."""
    home = make_home(PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    home.clock.let_pass(days=2)
    browser, page = asked(home, MAILBOX)
    type_code(browser, page, mailed_code(home))
    assert is_signed_in(browser)
    assert told(home, NEW) == []


@pytest.fixture
def guarded(home: Home) -> tuple[Home, App]:
    home.create("ana", MAILBOX)
    return home, enrolled_app(home)


def test_the_owner_hears_of_half_a_sign_in(guarded: tuple[Home, App]) -> None:
    """When its time is over, by the page and by the API, and once a day however often."""
    home, _ = guarded
    typed(home)
    home.post("/login", username="ana", password=PASSWORD)
    assert told(home, LEFT) == []
    home.clock.let_pass(minutes=10, seconds=1)
    (mail,) = told(home, LEFT)
    assert mail.startswith(f"To: {MAILBOX}")
    home.clock.let_pass(hours=2)
    home.post("/login", username="ana", password=PASSWORD)
    home.clock.let_pass(minutes=10, seconds=1)
    assert len(told(home, LEFT)) == 1
    home.clock.let_pass(hours=22)
    home.post("/login", username="ana", password=PASSWORD)
    home.clock.let_pass(minutes=10, seconds=1)
    assert len(told(home, LEFT)) == 2


def test_who_gets_in_is_not_warned_of_themselves(guarded: tuple[Home, App]) -> None:
    """The page was loaded again and the password typed twice; then a known browser was left."""
    home, app = guarded
    browser, _ = typed(home)
    _, page = typed(home, browser)
    done = browser.post("/sign-in", data={**fields(page), "code": app.next_code()})
    assert done.status_code == 303
    home.clock.let_pass(minutes=11)
    assert told(home, LEFT) == []
    browser.get("/sign-in")
    typed(home, browser)
    home.clock.let_pass(minutes=11)
    assert told(home, LEFT) == []


def test_a_wrong_password_is_no_half(guarded: tuple[Home, App]) -> None:
    """Else anybody could fill the owner's mailbox with fear."""
    home, _ = guarded
    for _ in range(3):
        home.post("/login", username="ana", password="not the password at all")
    home.clock.let_pass(minutes=11)
    assert told(home, LEFT) == []
