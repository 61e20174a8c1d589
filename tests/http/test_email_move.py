"""Leaving a mailbox for another: both are asked, and the one that was left can take it back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.authenticators import store as authenticator_store
from portero.core.authenticators.model import Authenticator
from portero.core.links import LinkSpent
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.racing import THREADS, at_once
from tests.support.relying_party import fields, relying_party

pytestmark = pytest.mark.sqlite_alone


OLD, NEW, THIRD = "ana@example.org", "ana@example.net", "ana@example.com"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def signed_in(home: Home) -> FlaskClient:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def ask(browser: FlaskClient, email: str) -> str:
    """Fill in the form of the console; what the next page says."""
    form = {**fields(browser.get("/account/profile/email")), "email": email}
    answer = browser.post("/account/profile/email", data=form)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.location).text


def press(home: Home, path: str, token: str, **ticked: list[str]) -> int:
    """Open a mailed link in some browser, and press its button."""
    browser = home.client()
    csrf = fields(browser.get("/sign-in"))["csrf"]  # a link that is dead shows no form
    assert browser.get(path, query_string={"token": token}).status_code in {200, 422}
    return browser.post(path, data={"csrf": csrf, "token": token, **ticked}).status_code


def address(home: Home) -> str:
    account = home.house.rooms.accounts.get_by_name("ana")
    assert account.email_verified
    return account.email


def mailed(home: Home, to: str) -> list[str]:
    home.deliver()
    return [mail for mail in home.mails() if mail.startswith(f"To: {to}\n")]


def move(home: Home, email: str) -> str:
    """All the way; the token with which the mailbox that was left takes it back."""
    ask(signed_in(home), email)
    assert press(home, "/allow-new-email", home.mailed_token("/allow-new-email")) == 200
    assert press(home, "/verify-email", home.mailed_token("/verify-email")) == 200
    assert address(home) == email
    return home.mailed_token("/take-back-email")


def test_both_mailboxes_are_asked_one_after_the_other(home: Home) -> None:
    """The new one hears nothing before the present one has agreed; nothing moves before both."""
    home.create("ana", OLD)
    assert "We have written to your present mailbox." in ask(signed_in(home), NEW)
    token = home.mailed_token("/allow-new-email")
    assert NEW in mailed(home, OLD)[-1]
    assert mailed(home, NEW) == []
    assert home.client().get(f"/allow-new-email?token={token}").status_code == 200
    assert mailed(home, NEW) == []  # a mail scanner has opened the link
    assert press(home, "/allow-new-email", token) == 200
    assert address(home) == OLD
    assert press(home, "/allow-new-email", token) == 422
    assert press(home, "/verify-email", home.mailed_token("/verify-email")) == 200
    assert address(home) == NEW
    assert "It was not me" in mailed(home, OLD)[-1]


def test_the_page_asks_for_a_fresh_proof(home: Home) -> None:
    """Before the form is shown, and again when it comes too late; then it is back there."""
    home.create("ana", OLD)
    browser = signed_in(home)
    form = {**fields(browser.get("/account/profile/email")), "email": NEW}
    home.clock.let_pass(minutes=16)
    for answer in (
        browser.get("/account/profile/email"),
        browser.post("/account/profile/email", data=form),
    ):
        assert answer.location == "/sign-in?request=account.profile.email"
    home.deliver()
    assert home.mails() == []
    proof = {**fields(browser.get(answer.location)), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=proof).location == "/account/profile/email"
    assert browser.get("/account/profile/email").status_code == 200


@on_sqlite
def test_an_address_that_is_anothers_looks_like_any(home: Home) -> None:
    """The same sentence and the same mail; its owner is told once the present mailbox agreed."""
    home.create("ana", OLD)
    home.create("ben", NEW)
    page = ask(signed_in(home), NEW)
    assert "We have written to your present mailbox." in page
    assert press(home, "/allow-new-email", home.mailed_token("/allow-new-email")) == 200
    assert "token=" not in mailed(home, NEW)[-1]
    assert address(home) == OLD


@on_sqlite
def test_only_the_newest_mail_moves_anything(home: Home) -> None:
    """A second thought withdraws the first one; a link to a mailbox that was left is dead."""
    home.create("ana", OLD)
    browser = signed_in(home)
    ask(browser, NEW)
    first = home.mailed_token("/allow-new-email")
    ask(browser, THIRD)
    second = home.mailed_token("/allow-new-email")
    assert press(home, "/allow-new-email", first) == 422
    assert press(home, "/allow-new-email", second) == 200
    assert press(home, "/verify-email", home.mailed_token("/verify-email")) == 200
    assert address(home) == THIRD


@on_sqlite
def test_a_claim_from_before_the_proof_asks_the_mailbox_that_was_proven(home: Home) -> None:
    """Named while the account had none, delivered after it had one: nobody agreed to that move."""
    home.register("ana", email=OLD)
    token = home.mailed_token("/verify-email")
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.rooms.email.claim(Actor.system(), account, NEW)  # its job waits
    home.house.rooms.email.verify(Actor.system(), token)
    assert mailed(home, NEW) == []
    assert address(home) == OLD


def test_the_mailbox_that_was_left_takes_the_account_back(home: Home) -> None:
    """Sessions, applications, the password and what was enrolled lately are gone, and the owner
    chooses a new password."""
    home.create("ana", OLD)
    rp = relying_party(home)
    tokens = rp.sign_in(scope="openid offline_access")
    token = move(home, NEW)
    thief = signed_in(home)
    enrol(home, ago=timedelta(days=3), name="the owner's")
    enrol(home, ago=timedelta(), name="the thief's")
    page = home.client().get(f"/take-back-email?token={token}")
    (offered,) = re.findall(r'name="kept" value="([^"]+)"', page.text)
    assert "the owner&#39;s" in page.text
    assert "the thief&#39;s" not in page.text
    assert address(home) == NEW
    assert press(home, "/take-back-email", token, kept=[offered]) == 200
    assert address(home) == OLD
    assert thief.get("/account").status_code == 303
    assert rp.refresh(tokens["refresh_token"]).status_code == 400
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 401
    account = home.house.rooms.accounts.get_by_name("ana")
    kept = home.house.rooms.authenticators.list_of(account.id)
    assert [each.name for each in kept] == ["the owner's"]
    assert press(home, "/take-back-email", token) == 422
    reset = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), reset, OTHER_PASSWORD)
    owned = home.post("/login", username=OLD, password=OTHER_PASSWORD)
    assert owned.status_code in {200, 403}


def test_a_slow_move_saves_nothing_that_the_thief_enrolled(home: Home) -> None:
    """The attack: enrol a factor, ask for the move, and open each of its mails as late as one can,
    so that the factor is older than a day when the move is done."""
    home.create("ana", OLD)
    ask(signed_in(home), NEW)
    enrol(home, ago=timedelta(), name="the thief's")
    allow = home.mailed_token("/allow-new-email")
    home.clock.let_pass(hours=23)
    home.house.rooms.email.allow_move(Actor.system(), allow)
    home.deliver()
    verify = home.mailed_token("/verify-email")
    home.clock.let_pass(hours=23)
    home.house.rooms.email.verify(Actor.system(), verify)
    home.deliver()
    assert press(home, "/take-back-email", home.mailed_token("/take-back-email")) == 200
    account = home.house.rooms.accounts.get_by_name("ana")
    assert home.house.rooms.authenticators.list_of(account.id) == ()


@on_sqlite
def test_a_thief_who_moves_it_on_keeps_it_no_longer(home: Home) -> None:
    """Each mailbox on the way can take it back, and then the later ones can't any more."""
    home.create("ana", OLD)
    first = move(home, NEW)
    second = move(home, THIRD)
    assert press(home, "/take-back-email", first) == 200
    assert address(home) == OLD
    assert press(home, "/take-back-email", second) == 422


@on_sqlite
def test_it_is_taken_back_for_a_week(home: Home) -> None:
    """And not after another account has proven the address: accounts are never merged."""
    home.create("ana", OLD)
    token = move(home, NEW)
    home.create("eve", OLD)
    assert press(home, "/take-back-email", token) == 409
    assert address(home) == NEW
    home.clock.let_pass(days=7, seconds=1)
    assert press(home, "/take-back-email", token) == 422


@on_sqlite
def test_a_change_of_password_ends_a_move_but_not_the_way_back(home: Home) -> None:
    """The owner shuts a thief's move; a thief doesn't shut the owner out."""
    home.create("ana", OLD)
    token = move(home, NEW)
    ask(signed_in(home), THIRD)
    pending = home.mailed_token("/allow-new-email")
    access = home.log_in()["access_token"]
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert home.post("/password/change", access, **body).status_code == 200
    assert press(home, "/allow-new-email", pending) == 422
    assert press(home, "/take-back-email", token) == 200


@pytest.mark.each_case_on_each_database
def test_a_way_back_is_taken_once(home: Home) -> None:
    """Of many at once."""
    home.create("ana", OLD)
    token = move(home, NEW)

    def take(number: int) -> bool:
        try:
            home.house.rooms.taking_back.use(Actor.system(), token)
        except LinkSpent:
            return False
        return True

    assert at_once(take).count(True) == 1


def enrol(home: Home, *, ago: timedelta, name: str) -> None:
    """Something enrolled so long ago."""
    account = home.house.rooms.accounts.get_by_name("ana")
    made = Authenticator(
        home.house.rooms.new_secret()[:36],
        account.id,
        FactorKind.TOTP,
        name,
        home.clock.now() - ago,
    )
    home.house.db.write(lambda tx: authenticator_store.add(tx, made))


@pytest.mark.each_case_on_each_database
def test_cve_2026_32700_of_many_moves_at_once_one_goes_to_the_mailbox_it_names(
    make_home: MakeHome,
) -> None:
    """Two pages that ask for two addresses together: one mail allows a move, to the address that it
    shows, and the link there proves that address and no other."""
    home = make_home(PORTERO_LIMITS="mail_by_account=100/3600")
    home.create("ana", OLD)
    account = home.house.rooms.accounts.get_by_name("ana")
    wanted = (NEW, THIRD)
    at_once(lambda n: home.house.rooms.email.claim(Actor.system(), account, wanted[n % 2]))
    home.deliver()
    asked = [
        (token, next(each for each in wanted if each in mail))
        for mail in home.mails()
        for token in re.findall(r"/allow-new-email\?token=([\w-]+)", mail)
    ]
    assert len(asked) == THREADS
    allowed = [to for token, to in asked if press(home, "/allow-new-email", token) == 200]
    assert len(allowed) == 1
    assert press(home, "/verify-email", home.mailed_token("/verify-email")) == 200
    assert address(home) == allowed[0]
    (other,) = {*wanted} - {*allowed}
    assert mailed(home, other) == []
