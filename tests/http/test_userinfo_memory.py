"""What UserInfo tells of a person comes from memory, and is no older than it may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portero.core.audit import Actor
from tests.support.counting import counted
from tests.support.house import Home, MakeHome
from tests.support.relying_party import relying_party

pytestmark = pytest.mark.sqlite_alone


PATH = "/oauth/userinfo"
OPERATOR = Actor.operator()
SCOPE = "openid profile email"

Change = Callable[[Home, str], object]


def told(home: Home, token: str) -> Any:
    answer = home.get(PATH, token)
    return answer.get_json() if answer.status_code == 200 else answer.status_code


def named(home: Home, account_id: str) -> object:
    accounts = home.house.rooms.accounts
    return accounts.change_profile(OPERATOR, account_id, {"display_name": "Ana"}, by_owner=False)


def claimed(home: Home, account_id: str) -> object:
    rooms = home.house.rooms
    return rooms.email.claim(OPERATOR, rooms.accounts.get(account_id), "ana@mail.example")


def proven(home: Home, account_id: str) -> object:
    claimed(home, account_id)
    return home.house.rooms.email.verify(OPERATOR, home.mailed_token("/verify-email"))


CHANGES: dict[str, tuple[Change, tuple[str, object]]] = {
    "profile": (named, ("name", "Ana")),
    "address": (claimed, ("email", "ana@mail.example")),
    "proof": (proven, ("email_verified", True)),
}


def test_it_costs_a_statement_the_first_time(home: Home) -> None:
    """For each person, in each process."""
    home.register()
    token = relying_party(home, scope=SCOPE).sign_in(scope=SCOPE)["access_token"]
    selects = []
    for _ in range(2):
        with counted(home) as statements:
            assert told(home, token)["preferred_username"] == "ana"
        selects.append(len([each for each in statements if "FROM accounts" in each]))
    assert selects == [1, 0]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_at_once_and_elsewhere_after_a_poll(
    make_home: MakeHome, name: str
) -> None:
    """Whatever changes an account's row. Polls come several times a second."""
    change, (claim, value) = CHANGES[name]
    home, other = make_home(), make_home()
    account_id = home.register()["id"]
    token = relying_party(home, scope=SCOPE).sign_in(scope=SCOPE)["access_token"]
    assert told(home, token).get(claim) != value
    assert told(other, token).get(claim) != value
    change(home, account_id)
    assert told(home, token)[claim] == value
    other.house.feed.poll()
    assert told(other, token)[claim] == value


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_an_account_that_ends_is_told_of_no_more(make_home: MakeHome, end: str) -> None:
    """Though it lies in the memory of both processes."""
    home, other = make_home(), make_home()
    account_id = home.register()["id"]
    token = relying_party(home, scope=SCOPE).sign_in(scope=SCOPE)["access_token"]
    assert told(home, token)["sub"] == told(other, token)["sub"] == account_id
    getattr(home.house.rooms.account_admin, end)(OPERATOR, account_id)
    assert told(home, token) == 401
    other.house.feed.poll()
    assert told(other, token) == 401


def test_one_that_is_enabled_again_is_told_of_to_new_tokens(make_home: MakeHome) -> None:
    """Elsewhere too, where it was read while it was disabled."""
    home, other = make_home(), make_home()
    account_id = home.register()["id"]
    party = relying_party(home, scope=SCOPE)
    token = party.sign_in(scope=SCOPE)["access_token"]
    admin = home.house.rooms.account_admin
    admin.disable(OPERATOR, account_id)
    assert told(other, token) == 401
    admin.enable(OPERATOR, account_id)
    token = relying_party(home, scope=SCOPE).sign_in(scope=SCOPE)["access_token"]
    assert told(home, token)["sub"] == account_id
    other.house.feed.poll()
    assert told(other, token)["sub"] == account_id
