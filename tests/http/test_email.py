"""Proving a mail address, moving to another one, invitations, and the pages that links open."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import ISSUER, OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


EMAIL = "ana@example.org"
NEW_EMAIL = "ana@example.net"
OUR_FORM = {"Sec-Fetch-Site": "same-origin"}


def fill(
    home: Home, path: str, form: dict[str, str], headers: dict[str, str] = OUR_FORM
) -> TestResponse:
    """Open the page in a browser, fill its form in, and post it."""
    browser = home.client()
    opened = browser.get(path, query_string={"token": form.get("token", "")})
    filled = {**fields(opened), **form}
    return browser.post(path, data=filled, headers=headers)


# What is the same whatever the database is tried on one.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def verify(home: Home, token: str) -> Any:
    return home.client().post("/email/verify", json={"token": token})


def me(home: Home, access_token: str) -> Any:
    answer = home.get("/me", access_token)
    assert answer.status_code == 200, answer.text
    return answer.json


def patch_me(home: Home, access_token: str, **fields: Any) -> Any:
    return home.client().patch("/me", json=fields, headers=bearer(access_token))


def allow(home: Home) -> None:
    """The owner of the present mailbox agrees to a move."""
    form = {"token": home.mailed_token("/allow-new-email")}
    assert fill(home, "/allow-new-email", form).status_code == 200


def code_of(answer: Any) -> str:
    assert answer.json is not None, answer.text
    return str(answer.json["code"])


def logs_in(home: Home, name: str) -> bool:
    return home.post("/login", username=name, password=PASSWORD).status_code == 200


def mails_to(home: Home, address: str) -> list[str]:
    home.deliver()
    return [mail for mail in home.mails() if mail.startswith(f"To: {address}\n")]


# --- proving ----------------------------------------------------------------------------------


def test_an_address_is_proven_by_the_mailed_link(home: Home) -> None:
    """Until then it is shown and unverified; the link works once."""
    user = home.register(email=EMAIL)
    assert (user["email"], user["email_verified"]) == (EMAIL, False)
    token = home.mailed_token("/verify-email")
    answer = verify(home, token)
    assert answer.status_code == 200
    assert answer.json["email_verified"] is True
    assert code_of(verify(home, token)) == "link_not_valid"


def test_an_address_identifies_only_once_it_is_proven(home: Home) -> None:
    """However it is written then."""
    home.register(email=EMAIL)
    assert not logs_in(home, EMAIL)
    verify(home, home.mailed_token("/verify-email"))
    assert logs_in(home, EMAIL)
    assert logs_in(home, "Ana@EXAMPLE.org")


@on_sqlite
def test_a_verification_link_expires(home: Home) -> None:
    """After a day."""
    home.register(email=EMAIL)
    token = home.mailed_token("/verify-email")
    home.clock.let_pass(hours=24, seconds=1)
    assert code_of(verify(home, token)) == "link_not_valid"


def test_registering_with_anothers_address_tells_nothing_and_gains_nothing(home: Home) -> None:
    """The same 201; the owner is told; the newcomer stays unverified and gets no link."""
    free = home.post("/register", username="cleo", password=PASSWORD, email="cleo@example.org")
    home.create("ana", EMAIL)
    home.deliver()
    before = len(home.mails())
    used = home.post("/register", username="eve", password=PASSWORD, email=EMAIL)
    assert used.status_code == free.status_code == 201
    assert used.json is not None
    assert free.json is not None
    assert used.json.keys() == free.json.keys()
    assert used.json["email_verified"] is free.json["email_verified"] is False
    home.deliver()
    told = home.mails()[before:]
    assert len(told) == 1
    assert told[0].startswith(f"To: {EMAIL}\n")
    assert "token=" not in told[0]
    assert me(home, home.log_in("ana")["access_token"])["email_verified"] is True
    assert home.log_in(EMAIL)["user"]["username"] == "ana"


def test_of_two_accounts_with_one_address_the_first_to_prove_it_has_it(home: Home) -> None:
    """The loser is told so (it holds the mailbox), and accounts are never merged."""
    home.register("ana", email=EMAIL)
    first = home.mailed_token("/verify-email")
    home.register("eve", email=EMAIL)
    second = home.mailed_token("/verify-email")
    assert verify(home, second).status_code == 200
    lost = verify(home, first)
    assert lost.status_code == 409
    assert code_of(lost) == "email_taken"
    assert home.log_in(EMAIL)["user"]["username"] == "eve"
    assert home.log_in("ana")["user"]["email_verified"] is False


# --- moving to another address ------------------------------------------------------------------


def test_the_proven_address_stays_until_the_new_one_is_proven(home: Home) -> None:
    """A slip of the finger cuts nobody off; the old mailbox is asked first, and hears of it.

    allauth 65.12.1: its change of an address had a hole there.
    """
    home.create("ana", EMAIL)
    access = home.log_in()["access_token"]
    answer = patch_me(home, access, email=NEW_EMAIL)
    assert answer.status_code == 200
    assert (answer.json["email"], answer.json["email_verified"]) == (EMAIL, True)
    assert mails_to(home, NEW_EMAIL) == []
    allow(home)
    token = home.mailed_token("/verify-email")
    assert mails_to(home, NEW_EMAIL)
    assert logs_in(home, EMAIL)
    before = len(mails_to(home, EMAIL))

    assert verify(home, token).json["email"] == NEW_EMAIL
    assert logs_in(home, NEW_EMAIL)
    assert not logs_in(home, EMAIL)
    assert len(mails_to(home, EMAIL)) == before + 1


def test_moving_to_another_address_needs_a_fresh_sign_in(home: Home) -> None:
    """Whoever finds an open laptop must not take the account (RFC 9470)."""
    home.create("ana", EMAIL)
    refresh_token = home.log_in()["refresh_token"]
    home.clock.let_pass(minutes=16)
    stale = home.post("/refresh", refresh_token=refresh_token).json
    assert stale is not None
    answer = patch_me(home, stale["access_token"], email=NEW_EMAIL, display_name="Eve")
    assert answer.status_code == 401
    assert "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]
    assert me(home, stale["access_token"])["display_name"] == ""
    assert patch_me(home, stale["access_token"], display_name="Ana").status_code == 200
    assert patch_me(home, stale["access_token"], email=EMAIL).status_code == 200


@pytest.mark.each_case_on_each_database
def test_an_unproven_address_is_replaced_at_once(home: Home) -> None:
    """Its link is withdrawn: only the newest mail opens anything."""
    home.register(email="ana@exmaple.org")
    wrong = home.mailed_token("/verify-email")
    access = home.log_in()["access_token"]
    assert patch_me(home, access, email=EMAIL).json["email"] == EMAIL
    right = home.mailed_token("/verify-email")
    assert code_of(verify(home, wrong)) == "link_not_valid"
    assert verify(home, right).json["email"] == EMAIL


def test_a_profile_that_is_refused_sends_no_mail(home: Home) -> None:
    """All or nothing: a form that comes back has changed nothing."""
    home.register()
    access = home.log_in()["access_token"]
    answer = patch_me(home, access, email=EMAIL, zoneinfo="Mars/Olympus")
    assert answer.status_code == 422
    assert not mails_to(home, EMAIL)
    assert me(home, access)["email"] == ""


@on_sqlite
def test_a_profile_is_changed_field_by_field(home: Home) -> None:
    """What is not named stays; null clears; a bad value is named."""
    home.register(display_name="Ana", locale="en")
    access = home.log_in()["access_token"]
    answer = patch_me(home, access, zoneinfo="Europe/Madrid", locale=None)
    assert answer.status_code == 200
    user = me(home, access)
    assert (user["display_name"], user["locale"]) == ("Ana", "")
    assert user["zoneinfo"] == "Europe/Madrid"
    bad = patch_me(home, access, picture="javascript:alert(1)", username="root")
    assert {fault["name"] for fault in bad.json["errors"]} == {"username"}
    bad = patch_me(home, access, picture="javascript:alert(1)")
    assert {fault["name"] for fault in bad.json["errors"]} == {"picture"}


# --- an address that must be proven -------------------------------------------------------------


def owing(home: Home) -> str:
    answer = home.post("/login", username="ana", password=PASSWORD)
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["owed"] == "verify_email"
    assert set(answer.json["options"]) == {"token", "resend"}
    return str(answer.json["auth_session"])


def go_on(home: Home, auth_session: str, **step: Any) -> Any:
    return home.client().post("/login/continue", json={"auth_session": auth_session, **step})


@pytest.fixture
def strict_home(make_home: MakeHome) -> Home:
    """An address must be proven before there is a session; `ana` has not done it yet."""
    home = make_home(PORTERO_REQUIRE_VERIFIED_EMAIL="on")
    home.register(email=EMAIL)
    return home


def test_a_login_that_owes_a_proof_goes_on_with_the_mailed_token(strict_home: Home) -> None:
    """The step proves the address and ends in tokens; the next login owes nothing."""
    home = strict_home
    answer = go_on(home, owing(home), token=home.mailed_token("/verify-email"))
    assert answer.status_code == 200
    assert answer.json["user"]["email_verified"] is True
    assert home.get("/protected", answer.json["access_token"]).status_code == 200
    assert logs_in(home, "ana")


def test_the_mail_can_be_sent_again(strict_home: Home) -> None:
    """Each step has a new auth_session; the old one and the old link are dead."""
    home = strict_home
    first_link = home.mailed_token("/verify-email")
    before = owing(home)
    again = go_on(home, before, resend=True)
    assert again.status_code == 403
    after = again.json["auth_session"]
    assert after != before
    assert code_of(go_on(home, before, resend=True)) == "auth_session_not_valid"
    second_link = home.mailed_token("/verify-email")
    assert second_link != first_link
    assert code_of(go_on(home, after, token=first_link)) == "link_not_valid"
    assert go_on(home, after, token=second_link).status_code == 200


@on_sqlite
def test_a_proof_in_another_window_is_enough(strict_home: Home) -> None:
    """The link was opened in the mail program; the waiting login goes on with nothing."""
    home = strict_home
    auth_session = owing(home)
    verify(home, home.mailed_token("/verify-email"))
    assert go_on(home, auth_session).status_code == 200


@on_sqlite
def test_anothers_link_does_not_finish_a_login(strict_home: Home) -> None:
    """It proves its own account's address and nothing of this one."""
    home = strict_home
    auth_session = owing(home)
    home.register("eve", email="eve@example.org")
    answer = go_on(home, auth_session, token=home.mailed_token("/verify-email"))
    assert answer.status_code == 403
    assert answer.json["owed"] == "verify_email"


def test_verifying_comes_before_changing_the_password(make_home: MakeHome) -> None:
    """Two things owed: one step after the other, in one sign-in."""
    home = make_home(PORTERO_REQUIRE_VERIFIED_EMAIL="on", PORTERO_PASSWORD_MAX_AGE_DAYS="1")
    home.register(email=EMAIL)
    home.clock.let_pass(days=1, seconds=1)
    auth_session = owing(home)
    home.post("/password/forgot", username="ana")
    next_step = go_on(home, auth_session, resend=True).json["auth_session"]
    answer = go_on(home, next_step, token=home.mailed_token("/verify-email"))
    assert answer.status_code == 403
    assert answer.json["owed"] == "change_password"
    done = go_on(home, answer.json["auth_session"], new_password=OTHER_PASSWORD)
    assert done.status_code == 200


# --- the pages that links open --------------------------------------------------------------------


def scripts(page: str) -> list[str]:
    """The address of each script of the page; one without an address is "inline"."""
    found = re.findall(r"<script\b[^>]*>", page)
    addresses = [re.search(r'src="([^"?]*)', tag) for tag in found]
    return [match[1] if match else "inline" for match in addresses]


@on_sqlite
def test_opening_a_link_spends_nothing(home: Home) -> None:
    """Mail scanners open links; only the page's button counts."""
    home.create("ana", EMAIL)
    home.register("ben", email="ben@example.org")
    to_verify = home.mailed_token("/verify-email")
    home.post("/password/forgot", username="ana")
    to_reset = home.mailed_token("/reset-password")
    for path, token in (("/verify-email", to_verify), ("/reset-password", to_reset)):
        for _ in range(2):
            page = home.client().get(f"{path}?token={token}")
            assert page.status_code == 200
            assert page.content_type.startswith("text/html")
            assert 'method="post"' in page.text
            assert token in page.text
            assert scripts(page.text) == ["/static/page.js"]  # it sends nothing: tests/browser
    assert verify(home, to_verify).status_code == 200


@pytest.mark.each_case_on_each_database
@on_sqlite
@pytest.mark.parametrize("path", ["/verify-email", "/reset-password", "/sign-up"])
def test_a_link_that_opens_nothing_says_so_at_once(private_home: Home, path: str) -> None:
    """Before anybody has thought of a new password, and with the way to a new link."""
    home = private_home
    home.create("ana", EMAIL)
    home.post("/password/forgot", username="ana")
    other = "/reset-password" if path == "/sign-up" else "/sign-up"
    of_another_kind = invited(home) if other == "/sign-up" else home.mailed_token(other)
    for token in ("made-up", of_another_kind, ""):
        page = home.client().get(path, query_string={"token": token})
        assert page.status_code in {403, 422}
        assert "<form" not in page.text
        assert "/forgot-password" in page.text


@on_sqlite
def test_the_pages_work_as_plain_forms(home: Home) -> None:
    """No JavaScript: a POST of the form's fields, refusals on the page, a sentence when done."""
    home.create("ana", EMAIL)
    home.register("ben", email="ben@example.org")
    to_verify = home.mailed_token("/verify-email")
    done = fill(home, "/verify-email", {"token": to_verify})
    assert done.status_code == 200
    assert home.log_in("ben@example.org")

    home.post("/password/forgot", username="ana")
    form = {"token": home.mailed_token("/reset-password"), "new_password": "short"}
    refused = fill(home, "/reset-password", form)
    assert refused.status_code == 422
    assert refused.content_type.startswith("text/html")
    assert 'aria-invalid="true"' in refused.text
    assert "short" not in refused.text.replace("too_short", "").split("<form")[1].split("hint")[0]
    form["new_password"] = OTHER_PASSWORD
    assert fill(home, "/reset-password", form).status_code == 200
    assert home.log_in("ana", OTHER_PASSWORD)


@on_sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": ISSUER},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_form_of_another_site_spends_nothing(home: Home, headers: dict[str, str]) -> None:
    """Login and reset CSRF: another site must not post our forms."""
    home.register(email=EMAIL)
    token = home.mailed_token("/verify-email")
    answer = fill(home, "/verify-email", {"token": token}, headers)
    assert answer.status_code == 403
    assert verify(home, token).status_code == 200


@on_sqlite
def test_a_form_that_no_page_of_ours_made_spends_nothing(home: Home) -> None:
    """Without the page's own value, or with the one of another browser, whatever the headers."""
    home.register(email=EMAIL)
    token = home.mailed_token("/verify-email")
    strange = fields(home.client().get("/sign-in"))["csrf"]
    browser = home.client()
    browser.get("/sign-in")
    for csrf in ("", "0" * 64, strange):
        form = {"token": token, "csrf": csrf}
        assert browser.post("/verify-email", data=form, headers=OUR_FORM).status_code == 403
        assert browser.post("/verify-email", data=form).status_code == 403
    assert verify(home, token).status_code == 200


@on_sqlite
def test_what_was_typed_comes_back_escaped(home: Home) -> None:
    """Reflected XSS: neither the token of the address nor a field is ever markup."""
    evil = '"><script>alert(1)</script>'
    for path in ("/verify-email", "/sign-up"):
        page = home.client().get(path, query_string={"token": evil, "request": evil})
        assert scripts(page.text) == ["/static/page.js"]
    form = {"username": evil, "email": evil, "password": evil, "token": ""}
    answer = fill(home, "/sign-up", form)
    assert answer.status_code == 422
    assert scripts(answer.text) == ["/static/page.js"]


@on_sqlite
def test_a_taken_name_comes_back_on_the_page(home: Home) -> None:
    """A conflict is told where the person is, not as JSON."""
    home.register()
    form = {"username": "ana", "password": PASSWORD}
    answer = fill(home, "/sign-up", form)
    assert answer.status_code == 409
    assert answer.content_type.startswith("text/html")
    assert "taken" in answer.text


# --- invitations --------------------------------------------------------------------------------


@pytest.fixture
def private_home(make_home: MakeHome) -> Home:
    return make_home(PORTERO_REGISTRATION="invite")


def invited(home: Home, email: str = EMAIL) -> str:
    home.house.rooms.sign_up.invite(Actor.operator(), email)
    return home.mailed_token("/sign-up")


@on_sqlite
def test_without_an_invitation_nobody_registers(private_home: Home) -> None:
    """PORTERO_REGISTRATION=invite."""
    answer = private_home.post("/register", username="ana", password=PASSWORD)
    assert answer.status_code == 403
    assert code_of(answer) == "invitation_needed"


def test_an_invitation_makes_one_account_with_a_proven_address(private_home: Home) -> None:
    """It came by mail, so its mailbox is proven; a second account it makes not.

    CVE-2022-23485: Sentry's could be used again.
    """
    home = private_home
    token = invited(home)
    user = home.register("ana", invitation=token)
    assert (user["email"], user["email_verified"]) == (EMAIL, True)
    again = home.post("/register", username="eve", password=PASSWORD, invitation=token)
    assert again.status_code == 422
    assert code_of(again) == "link_not_valid"


def test_an_invitation_proves_no_other_address(private_home: Home) -> None:
    """Whoever forwards it can't get somebody else's address verified."""
    user = private_home.register("ana", invitation=invited(private_home), email=NEW_EMAIL)
    assert (user["email"], user["email_verified"]) == (NEW_EMAIL, False)


@on_sqlite
def test_a_refused_form_does_not_spend_the_invitation(private_home: Home) -> None:
    """A weak password or a taken name can be corrected; and the page does the same as the API."""
    home = private_home
    token = invited(home)
    weak = home.post("/register", username="ana", password="short", invitation=token)
    assert weak.status_code == 422
    form = {"token": token, "username": "ana", "password": PASSWORD}
    assert home.client().get(f"/sign-up?token={token}").status_code == 200
    made = fill(home, "/sign-up", form)
    assert made.status_code == 200, made.text
    assert home.log_in(EMAIL)["user"]["username"] == "ana"


@on_sqlite
def test_an_invitation_expires(private_home: Home) -> None:
    """After a week."""
    token = invited(private_home)
    private_home.clock.let_pass(days=7, seconds=1)
    answer = private_home.post("/register", username="ana", password=PASSWORD, invitation=token)
    assert code_of(answer) == "link_not_valid"
