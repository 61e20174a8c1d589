"""The account console's pages for codes by mail and by text message."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portero.core.authenticators import FactorKind
from tests.http.test_account_console import sent, signed_in
from tests.support.codes import MAILBOX, another, confirm_phone, mailed_code, texted_code
from tests.support.house import Home, MakeHome

PAGE = "/security/codes"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", MAILBOX)
    return home


def kinds(home: Home) -> list[FactorKind]:
    account = home.house.rooms.accounts.get_by_name("ana")
    return [each.kind for each in home.house.rooms.authenticators.list_of(account.id)]


def shown(browser: FlaskClient, path: str = PAGE) -> str:
    answer = browser.get(f"/account{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("kind", ["email", "sms"])
def test_one_is_set_up_by_typing_its_code(home: Home, kind: str) -> None:
    """Opening the page sends nothing; a wrong code leaves things as they are; the right one is
    asked for at the next sign-in."""
    confirm_phone(home)
    browser = signed_in(home)
    assert "Send a code" in shown(browser)
    home.deliver()
    assert home.mails() == []
    asked = sent(browser, PAGE, f"{PAGE}/send", kind=kind)
    assert asked.status_code == 200
    assert ("a…@example.org" if kind == "email" else "+49 … 12") in asked.text
    code = mailed_code(home) if kind == "email" else texted_code(home)
    wrong = sent(browser, PAGE, f"{PAGE}/add", kind=kind, code=another(code))
    assert wrong.status_code == 422
    assert kinds(home) == []
    assert sent(browser, PAGE, f"{PAGE}/add", kind=kind, code=code).status_code == 303
    assert kinds(home) == [FactorKind(kind)]
    assert ("a…@example.org" if kind == "email" else "+49 … 12") in shown(browser, "/security")


def test_it_is_removed_again(home: Home) -> None:
    """By its owner, and by nobody else's form."""
    browser = signed_in(home)
    sent(browser, PAGE, f"{PAGE}/send", kind="email")
    sent(browser, PAGE, f"{PAGE}/add", kind="email", code=mailed_code(home))
    account = home.house.rooms.accounts.get_by_name("ana")
    (one,) = home.house.rooms.authenticators.list_of(account.id)
    home.create("eve", "eve@example.org")
    eve = signed_in(home, "eve")
    for kind, named in (("email", one.id), ("sms", one.id), ("email", "")):
        assert sent(eve, PAGE, f"{PAGE}/remove", kind=kind, id=named).status_code == 404
    assert kinds(home) == [FactorKind.EMAIL]
    assert sent(browser, PAGE, f"{PAGE}/remove", kind="email", id=one.id).status_code == 303
    assert kinds(home) == []


def test_without_a_confirmed_address_nothing_is_sent(home: Home) -> None:
    """The page says what to do first; a form that is sent all the same is refused."""
    browser = signed_in(home)
    assert "Confirm your phone number first." in shown(browser)
    refused = sent(browser, PAGE, f"{PAGE}/send", kind="sms")
    assert refused.status_code == 403


@pytest.mark.parametrize("kind", ["totp", "passkey", "nonsense", "", "email\0"])
def test_only_codes_are_set_up_here(home: Home, kind: str) -> None:
    """Nothing else by this form."""
    browser = signed_in(home)
    assert sent(browser, PAGE, f"{PAGE}/send", kind=kind).status_code == 404
    assert sent(browser, PAGE, f"{PAGE}/add", kind=kind, code="123456").status_code == 404


def test_what_an_operator_took_away_is_not_offered(make_home: MakeHome) -> None:
    """Neither section nor page."""
    home = make_home(PORTERO_SECOND_FACTORS="totp")
    home.create("ana", MAILBOX)
    browser = signed_in(home)
    assert "Codes by mail" not in shown(browser, "/security")
    assert browser.get(f"/account{PAGE}").status_code == 404
