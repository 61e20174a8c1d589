"""Attacks on signing in by mail: scanners, forwarded links, guesses, races, and what changed
between the mail and the click."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from portero.core.accounts import store as account_store
from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.factors.one_time_code.store import one_time_codes
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import MAILBOX, another, enrolled_code, mailed_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.mail_sign_in import (
    ASK,
    asked,
    cookie_of,
    is_signed_in,
    mailed_link,
    press,
    type_code,
)
from tests.support.racing import at_once, statuses
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    return home


def disable(home: Home) -> None:
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.rooms.account_admin.disable(Actor.operator(), account.id)


def move(home: Home) -> None:
    """The address is another one now, proven as well."""
    account = home.house.rooms.accounts.get_by_name("ana")
    new, now = "ana@elsewhere.example", home.clock.now()
    home.house.db.write(lambda tx: account_store.verify_email(tx, account.id, new, new, now=now))


def change_password(home: Home) -> None:
    """Whoever is thrown out by it keeps no way in that was half open."""
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    changed = home.post("/password/change", home.log_in()["access_token"], **body)
    assert changed.status_code == 200


def delete(home: Home) -> None:
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.db.write(lambda tx: account_store.delete(tx, account.id))


MEANWHILE = [disable, move, change_password, delete]


def test_a_scanner_that_opens_the_link_signs_nobody_in(home: Home) -> None:
    """GET and HEAD, many times, from elsewhere and from the browser itself: nothing is spent."""
    browser, _ = asked(home)
    link = mailed_link(home)
    for _ in range(3):
        for scanner in (home.client(), browser):
            scanner.get(link)
            scanner.head(link)
            assert not is_signed_in(scanner)
    assert press(browser, browser.get(link)).status_code == 303
    assert is_signed_in(browser)


def test_a_scanner_that_presses_the_button_too_signs_nobody_in(home: Home) -> None:
    """Some do. It has no cookie of the browser that asked."""
    browser, page = asked(home)
    link = mailed_link(home)
    scanner = home.client()
    shown = scanner.get(link)
    assert shown.status_code == 401
    token = link.partition("token=")[2]
    csrf = fields(scanner.get(ASK))["csrf"]
    pressed = scanner.post("/sign-in/mail/link", data={"csrf": csrf, "token": token})
    assert pressed.status_code == 401
    assert not is_signed_in(scanner)
    assert type_code(browser, page, mailed_code(home)).status_code == 303


def test_an_attackers_own_link_signs_no_victim_in(home: Home) -> None:
    """Login CSRF: he asks for himself and has a victim open it."""
    home.create("eve", "eve@example.org")
    asked(home, "eve")
    link = mailed_link(home)
    victim = home.client()
    shown = victim.get(link)
    assert "<form" not in shown.text.partition("<main")[2]
    assert "works where you asked for it" in shown.text
    press(victim, victim.get(ASK))
    assert not is_signed_in(victim)


def test_a_victim_who_asked_too_is_not_signed_in_by_the_attackers_link(home: Home) -> None:
    """Her browser has a secret of its own, which does not fit his link."""
    home.create("eve", "eve@example.org")
    asked(home, "eve")
    link = mailed_link(home)
    victim, _ = asked(home)
    assert victim.get(link).status_code == 401
    form = {**fields(victim.get(ASK)), "token": link.partition("token=")[2]}
    assert victim.post("/sign-in/mail/link", data=form).status_code == 401
    assert not is_signed_in(victim)


def test_a_stolen_code_is_nothing_in_another_browser(home: Home) -> None:
    """Read over a shoulder, or out of the mailbox's preview on a locked screen."""
    asked(home)
    code = mailed_code(home)
    thief, page = asked(home)
    home.deliver()
    assert type_code(thief, page, code).status_code == 401
    assert not is_signed_in(thief)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_code_is_told_where_it_was_typed(home: Home) -> None:
    """As other codes are: the field has the fault and the focus, and no banner says it again."""
    browser, page = asked(home)
    again = type_code(browser, page, another(mailed_code(home))).text
    (field,) = re.findall(r'<input id="code"[^>]*>', again)
    assert 'aria-invalid="true" aria-describedby="code-fault code-hint"' in field
    assert " autofocus" in field
    assert again.count("not valid, or not any more") == 1
    assert 'id="code-fault">This code or link is not valid' in again


def test_a_code_of_another_account_is_nothing(home: Home) -> None:
    """Have one's own mailed; type it where somebody else was asked for."""
    browser, page = asked(home)
    home.deliver()
    home.create("eve", "eve@example.org")
    asked(home, "eve")
    assert type_code(browser, page, mailed_code(home)).status_code == 401


def test_the_form_of_another_site_asks_and_spends_nothing(home: Home) -> None:
    """No token of the browser's own page: no mail, no sign-in."""
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    browser, page = asked(home)
    code = mailed_code(home)
    mails = len(home.mails())
    form = {**fields(page), "code": code}
    for data in (form, {"username": MAILBOX}):
        assert browser.post(ASK, data=data, headers=elsewhere).status_code == 403
    assert browser.post(ASK, data={"code": code}).status_code == 403
    home.deliver()
    assert len(home.mails()) == mails
    assert type_code(browser, page, code).status_code == 303


def test_both_open_once(home: Home) -> None:
    """The link after the code, the code after the link, each twice."""
    for first_by_link in (True, False):
        browser, page = asked(home)
        link, code = mailed_link(home), mailed_code(home)
        shown, before = browser.get(link), cookie_of(browser)
        first = press(browser, shown) if first_by_link else type_code(browser, page, code)
        assert first.status_code == 303
        thief = home.client()
        thief.set_cookie("portero_mail", before)
        form = fields(thief.get(ASK))
        token = link.partition("token=")[2]
        assert thief.get(link).status_code == 401
        again = thief.post("/sign-in/mail/link", data={**form, "token": token})
        assert again.status_code == 401
        assert thief.post(ASK, data={**form, "code": code}).status_code == 401
        assert not is_signed_in(thief)


@pytest.mark.each_case_on_each_database
def test_of_twenty_at_once_one_gets_in(home: Home) -> None:
    """The same link pressed by twenty threads (CVE-2026-3590)."""
    browser, _ = asked(home)
    link = mailed_link(home)
    secret = cookie_of(browser).partition(".")[0]
    token = link.partition("token=")[2]
    body = {"mail_session": secret, "token": token}
    answers = at_once(lambda nth: home.client().post("/login/mail/continue", json=body))
    assert statuses(answers) == {200: 1, 401: 19}


@pytest.mark.each_case_on_each_database
def test_of_twenty_codes_at_once_one_gets_in(home: Home) -> None:
    """The right one, typed by twenty."""
    session = home.post("/login/mail", username="ana").json["mail_session"]
    code = mailed_code(home)
    answers = statuses(
        at_once(lambda nth: home.post("/login/mail/continue", mail_session=session, code=code))
    )
    assert answers[200] == 1
    assert set(answers) <= {200, 401, 429}


@pytest.mark.each_case_on_each_database
def test_guesses_at_once_are_all_counted(home: Home) -> None:
    """Twenty threads guess; the right one is refused then, and the link still works."""
    browser, page = asked(home)
    code = mailed_code(home)
    secret = cookie_of(browser).partition(".")[0]
    guesses = [f"{(int(code) + 1 + nth) % 1_000_000:06}" for nth in range(20)]
    at_once(lambda nth: home.post("/login/mail/continue", mail_session=secret, code=guesses[nth]))
    (row,) = home.house.db.read(lambda tx: tx.execute(one_time_codes.select()).all())
    assert row.tries_left == 0
    assert type_code(browser, page, code).status_code == 401
    assert press(browser, browser.get(mailed_link(home))).status_code == 303


def test_a_day_of_asking_does_not_add_up(home: Home) -> None:
    """Five tries for each of five mails: after ten the code of a new mail is worth nothing, to the
    right one too, and nobody is told so. The owner's link is."""
    for _ in range(2):
        session = home.post("/login/mail", username="ana").json["mail_session"]
        code = mailed_code(home)
        for _ in range(5):
            wrong = home.post("/login/mail/continue", mail_session=session, code=another(code))
            assert wrong.status_code == 401
    browser, page = asked(home)
    assert type_code(browser, page, mailed_code(home)).status_code == 401
    assert press(browser, browser.get(mailed_link(home))).status_code == 303


def test_it_expires(home: Home) -> None:
    """Ten minutes, link and code."""
    browser, page = asked(home)
    link, code = mailed_link(home), mailed_code(home)
    home.clock.let_pass(minutes=10)
    assert browser.get(link).status_code == 401
    assert type_code(browser, page, code).status_code == 401


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("by_link", [True, False])
def test_what_changed_meanwhile_counts(
    home: Home, meanwhile: Callable[[Home], None], by_link: bool
) -> None:
    """Between mail and click the account was disabled, deleted, got another address or another
    password: one and the same refusal, and no session."""
    browser, page = asked(home)
    link, code = mailed_link(home), mailed_code(home)
    shown = browser.get(link)
    meanwhile(home)
    late = press(browser, shown) if by_link else type_code(browser, page, code)
    assert late.status_code == 401
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "name",
    ["nobody", "nobody@example.org", "ben", "ben@example.org", "off", MAILBOX + ",eve@example.org",
     MAILBOX + "\r\nBcc: eve@example.org", "", "x" * 5000],
)  # fmt: skip
def test_asking_tells_nothing(home: Home, name: str) -> None:
    """Unknown, unproven, disabled, and what is no name (CVE-2022-35924): the page, its status and
    its cookie are those of somebody who gets a mail."""
    home.register("ben", email="ben@example.org")
    home.create("off", "off@example.org")
    off = home.house.rooms.accounts.get_by_name("off")
    home.house.rooms.account_admin.disable(Actor.operator(), off.id)
    home.deliver()
    mails = len(home.mails())
    known_browser, known = asked(home)
    home.deliver()
    assert len(home.mails()) == mails + 1
    browser, page = asked(home, name)
    home.deliver()
    assert len(home.mails()) == mails + 1
    assert alike(page.text) == alike(known.text)
    assert len(cookie_of(browser)) == len(cookie_of(known_browser)) > 40
    wrong, wrong_known = (
        type_code(browser, page, "123456"),
        type_code(known_browser, known, another(mailed_code(home))),
    )
    assert (wrong.status_code, alike(wrong.text)) == (401, alike(wrong_known.text))


def test_after_many_wrong_codes_the_answer_is_still_the_same(home: Home) -> None:
    """No 429 that comes only for accounts that exist."""
    told = []
    for name in ("ana", "nobody"):
        answers = []
        for _ in range(3):
            session = home.post("/login/mail", username=name).json["mail_session"]
            home.deliver()
            for _ in range(5):
                answers.append(
                    home.post("/login/mail/continue", mail_session=session, code="x1").status_code
                )
        told.append(answers)
    assert told[0] == told[1] == [401] * 15


def test_nobodys_mailbox_is_filled(home: Home) -> None:
    """Five an hour for an account, whoever asks; then the page says the same and nothing comes."""
    for _ in range(8):
        asked(home)
    home.deliver()
    assert len(home.mails()) == 5


def test_who_asks_too_often_is_told(make_home: MakeHome, home: Home) -> None:
    """For names of all kinds alike, by address."""
    few = make_home(PORTERO_MAIL_SIGN_IN="on", PORTERO_LIMITS="mail_sign_in_by_address=2/3600")
    assert [few.post("/login/mail", username=n).status_code for n in ("ana", "x", "ana", "y")] == [
        202,
        202,
        429,
        429,
    ]


def test_a_second_factor_is_still_owed(home: Home) -> None:
    """The mailbox is one factor; in both faces."""
    app = enrolled_app(home)
    browser, page = asked(home)
    owed = type_code(browser, page, mailed_code(home))
    assert owed.status_code == 200
    assert not is_signed_in(browser)
    form = {**fields(owed), "code": app.next_code()}
    assert browser.post("/sign-in", data=form).status_code == 303
    assert is_signed_in(browser)


def test_a_mailbox_is_no_second_factor_beside_itself(home: Home) -> None:
    """Whoever has enrolled the code by mail, and nothing else, signs in with password and mailbox:
    the mailbox alone gets no mail, and what was asked for before is worth nothing."""
    browser, page = asked(home)
    code = mailed_code(home)
    enrolled_code(home, FactorKind.EMAIL)
    assert type_code(browser, page, code).status_code == 401
    home.deliver()  # the notice of the new factor
    mails = len(home.mails())
    asked(home)
    home.deliver()
    assert len(home.mails()) == mails


def test_where_another_factor_is_enrolled_too_the_mailbox_is_not_asked_again(home: Home) -> None:
    """It is that other one that is owed."""
    enrolled_app(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    rooms = home.house.rooms
    now = home.clock.now()
    rooms.authenticators.db.write(
        lambda tx: rooms.authenticators.add_in(
            tx, Actor.operator(), account_id, FactorKind.EMAIL, "", now=now
        )
    )
    session = home.post("/login/mail", username="ana").json["mail_session"]
    owed = home.post("/login/mail/continue", mail_session=session, code=mailed_code(home))
    assert (owed.status_code, owed.json["factors"]) == (403, ["totp"])


def test_who_has_to_enrol_one_enrols_no_mailbox(make_home: MakeHome, home: Home) -> None:
    """Required, and signed in by mail: a code to the same mailbox would be that factor again."""
    strict = make_home(PORTERO_MAIL_SIGN_IN="on", PORTERO_SECOND_FACTOR="required")
    session = strict.post("/login/mail", username="ana").json["mail_session"]
    owed = strict.post("/login/mail/continue", mail_session=session, code=mailed_code(strict))
    assert owed.json["owed"] == "enrol_factor"
    assert "email" not in owed.json["factors"]


def test_it_is_off_unless_an_operator_turns_it_on(make_home: MakeHome) -> None:
    """Pages and API are not there, and the sign-in page does not lead to it."""
    home = make_home()
    home.create("ana", MAILBOX)
    assert home.client().get(ASK).status_code == 404
    refused = home.post("/login/mail", username="ana")
    assert (refused.status_code, refused.json["code"]) == (404, "mail_sign_in_off")
    assert ASK not in home.client().get("/sign-in").text


ODD = ("\x00", "a\x00b", "\ud800", "x" * 5000, "%zz", "\u202eevil", "", "-1", "1e9", "١٢٣٤٥٦")


@pytest.mark.parametrize("field", ["username", "code", "token", "csrf", "request", "keep"])
def test_no_field_breaks_a_page_or_advances(home: Home, field: str) -> None:
    """Each odd, missing and twice, on both pages: never an error of ours, never signed in."""
    browser, page = asked(home)
    home.deliver()
    good = {**fields(page), "username": "ana", "code": "000000", "token": "a"}
    for path in (ASK, "/sign-in/mail/link"):
        for value in ODD:
            body = urlencode({**good, field: value}, errors="surrogatepass")
            kind = "application/x-www-form-urlencoded"
            assert browser.post(path, data=body, content_type=kind).status_code < 500, value
            query = urlencode({field: value}, errors="surrogatepass")
            assert browser.get(f"{path}?{query}").status_code < 500, value
        rest = {name: value for name, value in good.items() if name != field}
        assert browser.post(path, data=rest).status_code < 500
        assert browser.post(path, data={**good, field: ["1", "2"]}).status_code < 500
    assert not is_signed_in(browser)


@pytest.mark.parametrize("value", [None, [], {}, 1, True, "\x00", "x" * 600, "\ud800"])
@pytest.mark.parametrize("field", ["username", "mail_session", "code", "token", "delivery"])
def test_no_member_breaks_the_api(home: Home, field: str, value: object) -> None:
    """The same for JSON."""
    session = home.post("/login/mail", username="ana").json["mail_session"]
    body = {"mail_session": session, "code": "000000", "token": "", field: value}
    answers = [
        home.client().post("/login/mail", json={"username": "ana", field: value}),
        home.client().post("/login/mail/continue", json=body),
    ]
    assert all(each.status_code in {202, 401, 422} for each in answers)


def alike(page: str) -> str:
    """The page without what is drawn anew for each browser and request."""
    return re.sub(r'(name="csrf" value=|nonce=|request_id=)"?[^"]*"?|[0-9a-f]{32}', "", page)
