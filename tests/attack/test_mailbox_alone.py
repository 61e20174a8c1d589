"""Attacks of somebody who has the mailbox and nothing else, where a code by mail is the second
factor: a new password comes by mail too, so the two must not add up."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import Evidence, FactorKind
from portero.core.factors.password import store as passwords
from portero.core.login import proofs, rules
from portero.core.sessions import Proven
from portero.kit.secrets import Secret
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import MAILBOX, enrolled_code, mailed_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.relying_party import fields, relying_party

THIRD_PASSWORD = "a third one of her own, long"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    return home


def reset(home: Home) -> None:
    """A new password by a mailed link: all that the mailbox gives."""
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")
    body = {"token": token, "new_password": OTHER_PASSWORD}
    done = home.client().post("/password/reset", json=body)
    assert done.status_code == 204, done.text
    home.deliver()


def add_mailbox(home: Home) -> None:
    """As if it had been enrolled."""
    rooms, now = home.house.rooms, home.clock.now()
    account_id = rooms.accounts.get_by_name("ana").id
    rooms.authenticators.db.write(
        lambda tx: rooms.authenticators.add_in(
            tx, Actor.operator(), account_id, FactorKind.EMAIL, "", now=now
        )
    )


def log_in(home: Home, password: str = OTHER_PASSWORD) -> Any:
    return home.post("/login", username="ana", password=password)


def signed_in_browser(home: Home) -> FlaskClient:
    """One in which ana signed in with password and mailbox."""
    browser = home.client()
    answer = on_page(browser, PASSWORD)
    sent = browser.post("/sign-in", data={**fields(answer), "begin": "email"})
    done = browser.post("/sign-in", data={**fields(sent), "code": mailed_code(home)})
    assert done.status_code == 303, done.text
    return browser


def on_page(browser: FlaskClient, password: str) -> Any:
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": password}
    return browser.post("/sign-in", data=form)


def test_the_mailbox_alone_takes_no_account(home: Home) -> None:
    """Ask for a link, choose a password, have the code of the second factor mailed to the same
    mailbox: refused, in both faces, with the time at which it counts."""
    enrolled_code(home, FactorKind.EMAIL)
    reset(home)
    mails = len(home.mails())
    answer = log_in(home)
    assert (answer.status_code, answer.json["code"]) == (403, "mailbox_alone")
    assert 71 * 3600 < int(answer.headers["Retry-After"]) <= 72 * 3600
    assert "auth_session" not in answer.json
    page = on_page(home.client(), OTHER_PASSWORD)
    assert page.status_code == 403
    assert "72 hours" in page.text
    home.deliver()
    assert len(home.mails()) == mails


def test_the_refusal_is_recorded_and_a_right_password_is_no_wrong_try(home: Home) -> None:
    """The owner who tries again and again while she waits is not shut out when the wait is over."""
    enrolled_code(home, FactorKind.EMAIL)
    reset(home)
    codes = {log_in(home).json["code"] for _ in range(rules.LOGIN_BY_ACCOUNT.tries + 1)}
    assert codes == {"mailbox_alone"}
    failed = home.house.audit.list_entries(kind="login.failed")
    assert {(each.factor, each.details["reason"]) for each in failed} == {
        ("password", "mailbox_alone")
    }


def test_the_owner_comes_back_after_the_wait(home: Home) -> None:
    """She was told of the reset by mail at once; three days later password and mailbox do again."""
    enrolled_code(home, FactorKind.EMAIL)
    reset(home)
    assert any("password" in mail.lower() for mail in home.mails()[-1:])
    home.clock.let_pass(hours=72)
    owed = log_in(home)
    assert owed.json["factors"] == ["email"]


def test_a_second_reset_begins_the_wait_anew(home: Home) -> None:
    """Else the first link of a thief would open the door to the last."""
    enrolled_code(home, FactorKind.EMAIL)
    reset(home)
    home.clock.let_pass(hours=71)
    reset(home)
    home.clock.let_pass(hours=2)
    assert log_in(home).json["code"] == "mailbox_alone"


def test_in_a_browser_that_the_account_knew_before_the_owner_need_not_wait(home: Home) -> None:
    """It is what a thief of the mailbox lacks; to be let in by it later is no such thing."""
    enrolled_code(home, FactorKind.EMAIL)
    browser = signed_in_browser(home)
    reset(home)
    answer = on_page(browser, OTHER_PASSWORD)
    assert answer.status_code == 200
    assert 'value="email"' in answer.text
    assert on_page(home.client(), OTHER_PASSWORD).status_code == 403


def test_a_recovery_code_does_at_once(home: Home) -> None:
    """It is something else than the mailbox; the code by mail is not offered beside it."""
    enrolled_code(home, FactorKind.EMAIL)
    rooms, actor = home.house.rooms, Actor.anonymous(Origin(address="127.0.0.1"))
    account_id = rooms.accounts.get_by_name("ana").id
    codes = rooms.recovery_codes.make(actor, account_id)
    reset(home)
    owed = log_in(home).json
    assert (owed["owed"], owed["factors"]) == ("second_factor", ["recovery_code"])
    body = {"auth_session": owed["auth_session"], "factor": "recovery_code", "code": codes[0]}
    assert home.post("/login/continue", **body).status_code == 200


def test_another_factor_is_what_is_owed(home: Home) -> None:
    """The app, and the mailbox not instead of it."""
    enrolled_app(home)
    add_mailbox(home)
    reset(home)
    owed = log_in(home).json
    assert owed["factors"] == ["totp"]
    forced = home.post(
        "/login/continue", auth_session=owed["auth_session"], factor="email", begin=True
    )
    assert forced.status_code == 422


def test_who_has_to_enrol_one_enrols_no_mailbox(make_home: MakeHome, home: Home) -> None:
    """Required, none enrolled, and the password came by mail."""
    strict = make_home(PORTERO_SECOND_FACTOR="required")
    reset(strict)
    owed = log_in(strict).json
    assert owed["owed"] == "enrol_factor"
    assert "email" not in owed["factors"]


def changed(home: Home, token: str) -> Any:
    """The password that came by mail, changed by whoever knows it."""
    body = {"current_password": OTHER_PASSWORD, "new_password": THIRD_PASSWORD}
    done = home.post("/password/change", token, **body)
    assert done.status_code == 200, done.text
    return done


def test_a_password_that_was_changed_by_its_owner_does_at_once(home: Home) -> None:
    """Whoever has proven a second factor has proven more than the mailbox."""
    app = enrolled_app(home)
    reset(home)
    owed = log_in(home).json
    body = {"auth_session": owed["auth_session"], "factor": "totp", "code": app.next_code()}
    done: Any = home.post("/login/continue", **body)
    changed(home, done.json["access_token"])
    add_mailbox(home)
    owed = log_in(home, THIRD_PASSWORD).json
    assert set(owed["factors"]) == {"totp", "email"}


def test_a_change_of_what_came_by_mail_proves_no_more(home: Home) -> None:
    """The attack: reset by mail, then change the password with the one just set, so that it counts
    as the owner's own and a code to the same mailbox makes it `mfa`. The wait is the reset's."""
    reset(home)
    token = log_in(home).json["access_token"]
    home.clock.let_pass(minutes=1)
    token = changed(home, token).json["access_token"]
    begun: Any = home.post("/me/authenticators/begin", token, kind="email")
    assert (begun.status_code, begun.json["code"]) == (403, "mailbox_proven")
    add_mailbox(home)
    refused = log_in(home, THIRD_PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")
    home.clock.let_pass(hours=72, minutes=-1)
    owed = log_in(home, THIRD_PASSWORD)
    assert owed.json["factors"] == ["email"]


def test_nor_does_a_password_chosen_in_a_session_that_a_mail_began(home: Home) -> None:
    """The same where the account had no password."""
    rooms, actor = home.house.rooms, Actor.anonymous(Origin(address="127.0.0.1"))
    account = rooms.accounts.get_by_name("ana")
    rooms.authenticators.db.write(lambda tx: passwords.remove(tx, account.id))
    assert rooms.mail_sign_in is not None
    asked = rooms.mail_sign_in.ask(actor, "ana")
    session = rooms.mail_sign_in.use(actor, asked.secret.reveal(), code=mailed_code(home)).session
    rooms.password_change.choose(actor, account.id, session.id, new=THIRD_PASSWORD)
    add_mailbox(home)
    refused = log_in(home, THIRD_PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")


def test_one_mailbox_proven_twice_is_not_multi_factor(home: Home) -> None:
    """Sign in by mail, then enrol a code by mail, in the API and on the page: refused, and the
    session has no `mfa`."""
    asked: Any = home.post("/login/mail", username="ana")
    session = asked.json["mail_session"]
    code = mailed_code(home)
    done: Any = home.post("/login/mail/continue", mail_session=session, code=code)
    token = done.json["access_token"]
    begun: Any = home.post("/me/authenticators/begin", token, kind="email")
    assert (begun.status_code, begun.json["code"]) == (403, "mailbox_proven")
    live: Any = home.get("/me/sessions", token)
    assert live.json["sessions"][0]["amr"] == ["otp"]


def test_nor_is_a_mailbox_beside_a_password_that_came_by_it(home: Home) -> None:
    """The same for whoever signed in with a mailed password."""
    reset(home)
    token = log_in(home).json["access_token"]
    begun: Any = home.post("/me/authenticators/begin", token, kind="email")
    assert (begun.status_code, begun.json["code"]) == (403, "mailbox_proven")
    home.clock.let_pass(hours=72)
    token = log_in(home).json["access_token"]
    assert home.post("/me/authenticators/begin", token, kind="email").status_code < 300


@pytest.mark.parametrize("knew", [True, False])
def test_a_step_up_waits_as_a_sign_in_does(home: Home, knew: bool) -> None:
    """A session with a mailed password, and an application that wants more: the code by mail in a
    browser that the account knew before, else the sign-in page with the reason."""
    rp = relying_party(home, require_second_factor=True)
    if knew:
        assert on_page(rp.browser, PASSWORD).status_code == 303
    home.clock.let_pass(minutes=1)
    reset(home)
    assert on_page(rp.browser, OTHER_PASSWORD).status_code == 303
    add_mailbox(home)
    page = rp.browser.get(rp.begin().location)
    assert page.status_code == (200 if knew else 403)
    assert ('value="email"' in page.text) is knew
    assert ("72 hours" in page.text) is not knew
    assert ('name="password"' in page.text) is not knew


def test_a_step_up_of_a_mailbox_does_not_ask_for_it_again(home: Home) -> None:
    """A session that was begun by mail, and an account that has the app and the mailbox enrolled
    since: the app is asked for."""
    rooms, actor = home.house.rooms, Actor.anonymous(Origin(address="127.0.0.1"))
    assert rooms.mail_sign_in is not None
    asked = rooms.mail_sign_in.ask(actor, "ana")
    session = rooms.mail_sign_in.use(actor, asked.secret.reveal(), code=mailed_code(home)).session
    enrolled_app(home)
    add_mailbox(home)
    demand = rooms.step_up.demand_of_account(session)
    still = rooms.step_up.begin(actor, session, demand)
    assert still is not None
    assert still.factors == (FactorKind.TOTP,)


def test_a_mailbox_lifts_nothing_that_a_mailbox_began() -> None:
    """The rule itself, whoever calls it."""
    mailed = Proven(acr="aal1", amr=("otp",), factor=rules.MAILBOX)
    evidence = Evidence("1", amr=("otp",), acr="aal1")
    assert proofs.raised(mailed, evidence, FactorKind.EMAIL) == mailed
    assert "mfa" in proofs.raised(mailed, evidence, FactorKind.TOTP).amr


def must_change(home: Home) -> None:
    """An operator has set the password, and the owner is to choose another."""
    rooms, secret = home.house.rooms, Secret(PASSWORD)
    account_id = rooms.accounts.get_by_name("ana").id
    rooms.account_admin.set_password(Actor.operator(), account_id, secret, must_change=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nor_does_a_password_chosen_at_the_end_of_a_sign_in_by_mail(home: Home) -> None:
    """The attack: a new password is owed. Sign in by mail, choose it, and have a code to the same
    mailbox beside it."""
    must_change(home)
    asked: Any = home.post("/login/mail", username="ana")
    step = {"mail_session": asked.json["mail_session"], "code": mailed_code(home)}
    owed: Any = home.post("/login/mail/continue", **step)
    assert owed.json["owed"] == "change_password"
    step = {"auth_session": owed.json["auth_session"], "new_password": THIRD_PASSWORD}
    assert home.post("/login/continue", **step).status_code == 200
    add_mailbox(home)
    refused = log_in(home, THIRD_PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nor_does_one_that_came_by_mail_and_has_to_be_changed(make_home: MakeHome) -> None:
    """The same with a password that grew too old within the wait."""
    home = make_home(PORTERO_PASSWORD_MAX_AGE_DAYS="1")
    home.create("ana", MAILBOX)
    reset(home)
    home.clock.let_pass(hours=25)
    step = {"auth_session": log_in(home).json["auth_session"], "new_password": THIRD_PASSWORD}
    assert home.post("/login/continue", **step).status_code == 200
    add_mailbox(home)
    refused = log_in(home, THIRD_PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_password_that_an_operator_set_is_changed_for_good(home: Home) -> None:
    """Whoever knew it has not come by mail: no wait."""
    must_change(home)
    step = {
        "auth_session": log_in(home, PASSWORD).json["auth_session"],
        "new_password": THIRD_PASSWORD,
    }
    assert home.post("/login/continue", **step).status_code == 200
    add_mailbox(home)
    assert log_in(home, THIRD_PASSWORD).json["factors"] == ["email"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refusal_in_the_middle_is_recorded_and_undoes_the_step(home: Home) -> None:
    """All is proven anew in a session whose password came by mail; the mailbox was enrolled
    meanwhile. The step goes nowhere, and its secret still stands."""
    reset(home)
    token = log_in(home).json["access_token"]
    begun: Any = home.post("/login/step-up", token)
    assert begun.json["owed"] == "password", begun.json
    add_mailbox(home)
    step = {"auth_session": begun.json["auth_session"], "password": OTHER_PASSWORD}
    for tries in (1, 2):
        refused: Any = home.post("/login/continue", **step)
        assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")
        failed = home.house.audit.list_entries(kind="login.failed")
        reasons = [(each.factor, each.details["reason"]) for each in failed]
        assert reasons == [("password", "mailbox_alone")] * tries
