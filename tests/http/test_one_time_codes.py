"""Codes by mail and by text message as a second factor, in the JSON API and on the pages."""

from __future__ import annotations

import os
from typing import Any

import pytest

from portero.core.accounts import store as account_store
from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind, Given
from portero.core.factors.one_time_code.errors import (
    NoConfirmedEmail,
    NoConfirmedPhone,
    NumberNotServed,
)
from portero.core.factors.one_time_code.store import one_time_codes
from portero.core.limits import OverLimit
from portero.core.login.errors import WrongFactor
from tests.support.codes import (
    MAILBOX,
    NUMBER,
    another,
    confirm_phone,
    enrolled_code,
    mailed_code,
    texted_code,
    texts,
)
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.racing import at_once, statuses
from tests.support.relying_party import fields

KINDS = [FactorKind.EMAIL, FactorKind.SMS]


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", MAILBOX)
    confirm_phone(home)
    return home


def newest(home: Home, kind: FactorKind) -> str:
    return mailed_code(home) if kind is FactorKind.EMAIL else texted_code(home)


def begun(home: Home, kind: FactorKind, username: str = "ana") -> dict[str, Any]:
    """A sign-in with the right password that had its code sent."""
    owed = home.post("/login", username=username, password=PASSWORD)
    assert owed.status_code == 403, owed.text
    return begin(home, owed.json["auth_session"], kind).json


def begin(home: Home, auth_session: str, kind: FactorKind) -> Any:
    return home.post("/login/continue", auth_session=auth_session, factor=kind.value, begin=True)


def prove(home: Home, owed: dict[str, Any], kind: FactorKind, code: str) -> Any:
    body = {"auth_session": owed["auth_session"], "factor": kind.value, "code": code}
    return home.post("/login/continue", **body)


@pytest.mark.parametrize(
    ("kind", "shown", "acr", "amr"),
    [
        (FactorKind.EMAIL, "a…@example.org", "aal1", ["pwd", "otp", "mfa"]),
        (FactorKind.SMS, "+49 … 12", "aal2", ["pwd", "sms", "mfa"]),
    ],
)
def test_the_code_that_was_sent_ends_the_sign_in(
    home: Home, kind: FactorKind, shown: str, acr: str, amr: list[str]
) -> None:
    """The address is told as its owner knows it, and to nobody in full; a mailbox lifts nothing."""
    enrolled_code(home, kind)
    owed = begun(home, kind)
    assert (owed["owed"], owed["begun"], owed["shown"]["to"]) == ("second_factor", kind, shown)
    answer = prove(home, owed, kind, newest(home, kind))
    assert answer.status_code == 200, answer.text
    session = home.get("/me/sessions", answer.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == (acr, amr)


def test_a_text_message_is_bound_to_our_host(home: Home) -> None:
    """The last line is for the phone, which fills it in on no other host; no link to be taught."""
    enrolled_code(home, FactorKind.SMS)
    (text,) = texts(home)
    code = texted_code(home)
    assert text.startswith(f"To: {NUMBER}\n\n{code} is your code at Portero.")
    assert text.endswith(f"\n\n@127.0.0.1 #{code}\n")
    assert "http" not in text
    (path,) = (home.folder / "sms").glob("*.txt")
    assert os.stat(path).st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_that_tells_the_code(home: Home, kind: FactorKind) -> None:
    """A stolen table: a million hashes take a second, so the code is under a key as well."""
    enrolled_code(home, kind)
    begun(home, kind)
    code = newest(home, kind)
    (row,) = home.house.db.read(lambda tx: tx.execute(one_time_codes.select()).all())
    assert code not in str(row)
    assert len(row.code_mac) == 64


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_opens_once(home: Home, kind: FactorKind) -> None:
    """Neither again in that sign-in nor in another."""
    enrolled_code(home, kind)
    owed, other = begun(home, kind), begun(home, kind)
    codes = newest(home, kind)
    assert prove(home, other, kind, codes).status_code == 200
    assert prove(home, other, kind, codes).status_code == 401
    assert prove(home, owed, kind, codes).status_code == 422


def test_a_code_belongs_to_its_sign_in(home: Home) -> None:
    """The attack: have the password, begin a sign-in of one's own, and talk the owner out of the
    code of hers."""
    enrolled_code(home, FactorKind.EMAIL)
    thiefs = begun(home, FactorKind.EMAIL)
    mailed_code(home)
    hers = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    assert prove(home, thiefs, FactorKind.EMAIL, code).status_code == 422
    assert prove(home, hers, FactorKind.EMAIL, code).status_code == 200


def test_a_code_of_one_purpose_or_channel_is_nothing_to_another(home: Home) -> None:
    """One that was sent to enrol proves nothing, and one by mail is none by text message."""
    enrolled_code(home, FactorKind.EMAIL, FactorKind.SMS)
    owed = begun(home, FactorKind.EMAIL)
    by_mail = mailed_code(home)
    again = begin(home, owed["auth_session"], FactorKind.SMS).json
    assert prove(home, again, FactorKind.SMS, by_mail).status_code == 422
    assert prove(home, again, FactorKind.SMS, texted_code(home)).status_code == 200


def test_guesses_run_out_with_the_code(home: Home) -> None:
    """Five, and the right one is refused too; a wrong one does not end the sign-in."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    for _ in range(5):
        assert prove(home, owed, FactorKind.EMAIL, another(code)).status_code == 422
    assert prove(home, owed, FactorKind.EMAIL, code).status_code == 422
    home.clock.let_pass(seconds=61)
    anew = begin(home, owed["auth_session"], FactorKind.EMAIL).json
    assert prove(home, anew, FactorKind.EMAIL, mailed_code(home)).status_code == 200


def test_what_can_be_no_code_costs_no_try(home: Home) -> None:
    """And spaces or a hyphen in a pasted one do no harm."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    for typed in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "1" * 64):
        assert prove(home, owed, FactorKind.EMAIL, typed).status_code == 422
    assert prove(home, owed, FactorKind.EMAIL, f" {code[:3]}-{code[3:]} ").status_code == 200


def test_guesses_made_at_once_are_all_counted(home: Home) -> None:
    """Twenty threads with twenty codes: five are looked at, and the code is dead then."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    guesses = [f"{(int(code) + 1 + nth) % 1_000_000:06}" for nth in range(20)]
    answers = at_once(lambda nth: prove(home, owed, FactorKind.EMAIL, guesses[nth]))
    assert set(statuses(answers)) <= {422, 429}
    (row,) = home.house.db.read(lambda tx: tx.execute(one_time_codes.select()).all())
    assert row.tries_left == 0


def test_of_parallel_proofs_by_one_code_one_succeeds(home: Home) -> None:
    """The race of twenty."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    answers = statuses(at_once(lambda nth: prove(home, owed, FactorKind.EMAIL, code)))
    assert answers[200] == 1
    assert set(answers) <= {200, 401, 422, 429}


def test_a_code_expires(home: Home) -> None:
    """After five minutes."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    home.clock.let_pass(minutes=5)
    assert prove(home, owed, FactorKind.EMAIL, mailed_code(home)).status_code == 422


def test_begun_again_within_a_minute_nothing_is_sent(home: Home) -> None:
    """A page that is loaded again; the same is told, and the code is still good."""
    enrolled_code(home, FactorKind.SMS)
    owed = begun(home, FactorKind.SMS)
    first = texted_code(home)
    sent = len(texts(home))
    again = begin(home, owed["auth_session"], FactorKind.SMS).json
    assert again["shown"] == owed["shown"]
    assert len(texts(home)) == sent
    assert prove(home, again, FactorKind.SMS, first).status_code == 200


def test_of_parallel_beginnings_one_is_sent(home: Home) -> None:
    """Twenty tabs."""
    enrolled_code(home, FactorKind.SMS)
    rooms, account = home.house.rooms, home.house.rooms.accounts.get_by_name("ana")
    factor = rooms.enrolment._factors.provable(FactorKind.SMS)
    sent = len(texts(home))
    at_once(lambda nth: factor.begin(Actor.anonymous(Origin()), account, "one-sign-in"))
    assert len(texts(home)) == sent + 1


def test_after_a_minute_a_new_one_takes_its_place(home: Home) -> None:
    """The old one opens nothing any more."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    old = mailed_code(home)
    home.clock.let_pass(seconds=61)
    again = begin(home, owed["auth_session"], FactorKind.EMAIL).json
    new = mailed_code(home)
    assert new != old
    assert prove(home, again, FactorKind.EMAIL, old).status_code == 422
    assert prove(home, again, FactorKind.EMAIL, new).status_code == 200


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ("codes_by_account", FactorKind.EMAIL),
        ("codes_by_recipient", FactorKind.EMAIL),
        ("codes_by_address", FactorKind.EMAIL),
        ("texts_by_address", FactorKind.SMS),
        ("texts_everywhere", FactorKind.SMS),
    ],
)
def test_nobody_is_bombed(make_home: MakeHome, home: Home, limit: str, kind: FactorKind) -> None:
    """Each limit holds by itself: for an account, a mailbox or number, and who asks; for text
    messages, which cost money, also over all."""
    enrolled_code(home, kind)
    few = make_home(PORTERO_LIMITS=f"{limit}=2/3600")
    owed = few.post("/login", username="ana", password=PASSWORD).json
    first = begin(few, owed["auth_session"], kind)  # the second: one was spent to enrol
    assert first.status_code == 403, first.text
    home.clock.let_pass(seconds=61)
    few.clock.let_pass(seconds=61)
    limited = begin(few, first.json["auth_session"], kind)
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0


def test_a_factor_stays_at_the_address_that_was_enrolled(home: Home) -> None:
    """Somebody who changes the profile in a stolen session does not get the codes with it."""
    enrolled_code(home, FactorKind.SMS)
    confirm_phone(home, number="+4915123456799")
    owed = begun(home, FactorKind.SMS)
    assert owed["shown"]["to"] == "+49 … 12"
    assert texts(home)[-1].startswith(f"To: {NUMBER}\n")


def test_a_code_to_an_address_that_was_given_up_enrols_nothing(home: Home) -> None:
    """Begun for one number, finished when the profile names another."""
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    session = rooms.sign_in.with_password(actor, "ana", PASSWORD).session
    rooms.enrolment.begin(actor, session, FactorKind.SMS)
    code = texted_code(home)
    confirm_phone(home, number="+4915123456799")
    with pytest.raises(WrongFactor):
        rooms.enrolment.finish(actor, session, FactorKind.SMS, Given(code), name="")
    assert rooms.authenticators.list_of(session.account_id) == ()


def test_only_a_confirmed_address_is_enrolled(home: Home) -> None:
    """Else a code would go to whoever is named."""
    home.register("eve", email="victim@example.org")
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    session = rooms.sign_in.with_password(actor, "eve", PASSWORD).session
    with pytest.raises(NoConfirmedEmail):
        rooms.enrolment.begin(actor, session, FactorKind.EMAIL)
    change = {"phone": NUMBER}
    rooms.accounts.change_profile(actor, session.account_id, change, by_owner=True)
    with pytest.raises(NoConfirmedPhone):
        rooms.enrolment.begin(actor, session, FactorKind.SMS)


@pytest.mark.parametrize("number", ["+12015550123", "+4990012345678", "+493012345678"])
def test_numbers_that_are_not_served_get_nothing(make_home: MakeHome, number: str) -> None:
    """Of another country, premium rate, and a landline (CVE-less: SMS pumping, toll fraud)."""
    home = make_home(
        PORTERO_SMS_PROVIDER="http",
        PORTERO_SMS_URL="http://127.0.0.1:9/",
        PORTERO_SMS_COUNTRIES="DE",
    )
    home.create("ana", MAILBOX)
    confirm_phone(home, number=number)
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    session = rooms.sign_in.with_password(actor, "ana", PASSWORD).session
    with pytest.raises(NumberNotServed):
        rooms.enrolment.begin(actor, session, FactorKind.SMS)
    assert home.house.db.read(lambda tx: tx.execute(one_time_codes.select()).all()) == []


def test_somebody_elses_code_is_nothing(home: Home) -> None:
    """Codes are looked for under one's own sign-in."""
    enrolled_code(home, FactorKind.EMAIL)
    home.create("eve", "eve@example.org")
    enrolled_code(home, FactorKind.EMAIL, username="eve")
    owed = begun(home, FactorKind.EMAIL)
    mailed_code(home)
    begun(home, FactorKind.EMAIL, "eve")
    assert prove(home, owed, FactorKind.EMAIL, mailed_code(home)).status_code == 422


def test_a_removed_factor_is_proven_by_nothing(home: Home) -> None:
    """Its code was on its way when it was removed."""
    authenticator_id = enrolled_code(home, FactorKind.EMAIL, FactorKind.SMS)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    rooms.authenticators.remove(Actor.operator(), account_id, authenticator_id)
    assert prove(home, owed, FactorKind.EMAIL, code).status_code == 422


def test_it_is_named_by_its_address_unless_its_owner_names_it(home: Home) -> None:
    """In the list of the account."""
    enrolled_code(home, FactorKind.SMS)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    (one,) = home.house.rooms.authenticators.list_of(account_id)
    assert (one.kind, one.name) == (FactorKind.SMS, "+49 … 12")


def test_an_address_of_a_disabled_account_gets_no_sign_in(home: Home) -> None:
    """Disabled between the code and its proof."""
    enrolled_code(home, FactorKind.EMAIL)
    owed = begun(home, FactorKind.EMAIL)
    code = mailed_code(home)
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.rooms.account_admin.disable(Actor.operator(), account.id)
    assert prove(home, owed, FactorKind.EMAIL, code).status_code == 401


def test_the_page_says_where_the_code_went(home: Home) -> None:
    """It is sent unasked when it is the first way; a wrong one is told beside the same page."""
    enrolled_code(home, FactorKind.EMAIL)
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    page = browser.post("/sign-in", data=form)
    assert page.status_code == 200
    assert "a…@example.org" in page.text
    assert MAILBOX not in page.text
    code = mailed_code(home)
    wrong = browser.post("/sign-in", data={**fields(page), "code": another(code)})
    assert wrong.status_code == 422
    assert "a…@example.org" in wrong.text
    right = browser.post("/sign-in", data={**fields(wrong), "code": code})
    assert right.status_code == 303, right.text


def test_the_page_offers_other_ways_when_no_more_is_sent(make_home: MakeHome, home: Home) -> None:
    """Over the limit the person is told so, and not locked into it."""
    enrolled_code(home, FactorKind.EMAIL, FactorKind.SMS)
    few = make_home(PORTERO_LIMITS="codes_by_account=2/3600")
    browser = few.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    page = browser.post("/sign-in", data=form)
    assert page.status_code == 200
    assert "Too many tries" in page.text
    assert 'value="email"' in page.text


def test_expired_codes_are_forgotten(home: Home) -> None:
    """By the background, at once: they open nothing."""
    from portero.background import purge

    enrolled_code(home, FactorKind.EMAIL)
    begun(home, FactorKind.EMAIL)
    home.clock.let_pass(minutes=6)
    purge(home.house)
    assert home.house.db.read(lambda tx: tx.execute(one_time_codes.select()).all()) == []


def test_an_over_limit_code_replaces_nothing(make_home: MakeHome, home: Home) -> None:
    """What is refused for haste leaves the code that was sent."""
    enrolled_code(home, FactorKind.EMAIL)
    few = make_home(PORTERO_LIMITS="codes_by_account=2/3600")
    factor = few.house.rooms.enrolment._factors.provable(FactorKind.EMAIL)
    account = few.house.rooms.accounts.get_by_name("ana")
    actor = Actor.anonymous(Origin())
    factor.begin(actor, account, "a-sign-in")
    code = mailed_code(few)
    few.clock.let_pass(seconds=61)
    with pytest.raises(OverLimit):
        factor.begin(actor, account, "a-sign-in")
    now = few.clock.now()
    proven = few.house.db.write(
        lambda tx: factor.prove_in(tx, account.id, "a-sign-in", Given(code), now=now)
    )
    assert proven is not None
    assert few.house.db.read(lambda tx: account_store.find(tx, account.id)) is not None
