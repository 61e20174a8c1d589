"""Proving a phone number with a code."""

from __future__ import annotations

import pytest

from portero.core.accounts.model import Account
from portero.core.accounts.phones import InvalidPhone
from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.factors.one_time_code import PhoneProofs
from portero.core.factors.one_time_code.errors import WrongPhoneCode
from tests.support.codes import NUMBER, another, texted_code, texts
from tests.support.house import OTHER_PASSWORD, Home, MakeHome
from tests.support.racing import at_once

pytestmark = pytest.mark.sqlite_alone


ACTOR = Actor.anonymous(Origin(address="127.0.0.1"))
HERE = "a-session"


@pytest.fixture
def ana(home: Home) -> Account:
    home.create("ana", "ana@example.org")
    return home.house.rooms.accounts.get_by_name("ana")


@pytest.fixture
def phone(home: Home) -> PhoneProofs:
    assert home.house.rooms.phone is not None
    return home.house.rooms.phone


def now_of(home: Home) -> tuple[str, bool]:
    account = home.house.rooms.accounts.get_by_name("ana")
    return account.phone, account.phone_verified


def test_a_number_is_the_accounts_once_its_code_is_typed(
    home: Home, phone: PhoneProofs, ana: Account
) -> None:
    """Not a moment before, and in its one spelling; the masked number is told, and it is noted."""
    shown = phone.ask(ACTOR, ana, HERE, "+49 (0)1512 345 67 12")
    assert shown["to"] == "+49 … 12"
    assert now_of(home) == ("", False)
    assert texts(home)[0].startswith(f"To: {NUMBER}\n")
    phone.prove(ACTOR, ana.id, HERE, texted_code(home))
    assert now_of(home) == (NUMBER, True)
    assert len(home.house.audit.list_entries(kind="account.phone_verified")) == 1


def test_the_old_number_stays_until_the_new_one_is_proven(
    home: Home, phone: PhoneProofs, ana: Account
) -> None:
    """A slip of the finger, or a thief, does not cut the owner off."""
    phone.ask(ACTOR, ana, HERE, NUMBER)
    phone.prove(ACTOR, ana.id, HERE, texted_code(home))
    phone.ask(ACTOR, ana, HERE, "+4915123456799")
    assert now_of(home) == (NUMBER, True)


def test_a_code_proves_the_number_that_it_was_sent_to(
    home: Home, phone: PhoneProofs, ana: Account
) -> None:
    """Ask for one's own, then for another's: the first code proves nothing any more
    (CVE-2026-32700, for numbers)."""
    phone.ask(ACTOR, ana, HERE, NUMBER)
    own = texted_code(home)
    phone.ask(ACTOR, ana, HERE, "+4915123456799")
    with pytest.raises(WrongPhoneCode):
        phone.prove(ACTOR, ana.id, HERE, own)
    assert now_of(home) == ("", False)


def test_another_session_or_account_proves_nothing_with_it(
    home: Home, phone: PhoneProofs, ana: Account
) -> None:
    """Each code belongs to who asked, where they asked."""
    home.create("eve", "eve@example.org")
    eve = home.house.rooms.accounts.get_by_name("eve")
    phone.ask(ACTOR, ana, HERE, NUMBER)
    code = texted_code(home)
    for account_id, session_id in ((ana.id, "another-session"), (eve.id, HERE)):
        with pytest.raises(WrongPhoneCode):
            phone.prove(ACTOR, account_id, session_id, code)
    assert home.house.rooms.accounts.get_by_name("eve").phone == ""


@pytest.mark.each_case_on_each_database
def test_guesses_at_once_run_out(home: Home, phone: PhoneProofs, ana: Account) -> None:
    """Twenty at once: five are looked at, and then the right one is refused."""
    phone.ask(ACTOR, ana, HERE, NUMBER)
    code = texted_code(home)

    def guess(nth: int) -> None:
        with pytest.raises(WrongPhoneCode):
            phone.prove(ACTOR, ana.id, HERE, another(code))

    at_once(guess)
    with pytest.raises(WrongPhoneCode):
        phone.prove(ACTOR, ana.id, HERE, code)


def test_no_number_no_message(home: Home, phone: PhoneProofs, ana: Account) -> None:
    """The fault is the field's."""
    with pytest.raises(InvalidPhone) as refusal:
        phone.ask(ACTOR, ana, HERE, "0151 23456712")
    assert refusal.value.faults[0].name == "phone"
    assert texts(home) == []


def test_what_ends_every_way_in_ends_codes_on_their_way(
    home: Home, phone: PhoneProofs, ana: Account
) -> None:
    """A reset of the password, say: the thief's session had a code sent."""
    phone.ask(ACTOR, ana, HERE, NUMBER)
    code = texted_code(home)
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")
    body = {"token": token, "new_password": OTHER_PASSWORD}
    reset = home.client().post("/password/reset", json=body)
    assert reset.status_code == 204, reset.text
    with pytest.raises(WrongPhoneCode):
        phone.prove(ACTOR, ana.id, HERE, code)


def test_without_a_provider_there_is_none(make_home: MakeHome) -> None:
    """A server for the world that sends no text messages has no such verb, nor the factor."""
    home = make_home(PORTERO_ISSUER="https://id.example", PORTERO_HOST="0.0.0.0")
    assert home.house.rooms.phone is None
    assert "sms" not in home.house.rooms.enrolment._factors.second
