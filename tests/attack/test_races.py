"""Twenty at once: what may happen once happens once, on both databases.

Look-then-mark loses these races; one conditional statement wins them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.racing import THREADS, at_once, statuses

EMAIL = "ana@example.org"


# As many may hash as race: nobody is to be sent away with a 503.
ROOM = {"PORTERO_THREADS": "160", "PORTERO_HASH_QUEUE": "64"}


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home(**ROOM)


def opens(home: Home, access_token: str) -> bool:
    return home.get("/protected", access_token).status_code == 200


def refresh(home: Home, token: str) -> Any:
    return home.post("/refresh", refresh_token=token)


def test_one_of_twenty_redeems_a_reset_token(home: Home) -> None:
    """And the password is the winner's."""
    home.create("ana", EMAIL)
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")
    chosen = [f"{OTHER_PASSWORD} number {number}" for number in range(THREADS)]

    def reset(number: int) -> Any:
        body = {"token": token, "new_password": chosen[number]}
        return home.client().post("/password/reset", json=body)

    answers = at_once(reset)
    assert statuses(answers) == {204: 1, 422: THREADS - 1}
    winner = [answer.status_code for answer in answers].index(204)
    assert home.log_in("ana", chosen[winner])


def test_one_of_twenty_takes_a_name(home: Home) -> None:
    """However each spells it; the account has the winner's password."""
    names = ["ana", "ANA", "\uff21na", "aNa"]
    passwords = [f"{PASSWORD} number {number}" for number in range(THREADS)]

    def register(number: int) -> Any:
        return home.post("/register", username=names[number % 4], password=passwords[number])

    answers = at_once(register)
    assert statuses(answers) == {201: 1, 409: THREADS - 1}
    winner = [answer.status_code for answer in answers].index(201)
    assert home.log_in("ana", passwords[winner])["user"]["id"] == answers[winner].json["id"]
    assert len(home.house.rooms.accounts.list_accounts()) == 1


# Twenty mails to one mailbox are more than it gets in an hour.
MANY_MAILS = {"PORTERO_LIMITS": "mail_by_recipient=100/3600"}


def test_one_of_twenty_proves_an_address(make_home: MakeHome) -> None:
    """Twenty accounts claim one mailbox and open their links together: it has one owner."""
    home, tokens = make_home(**{**ROOM, **MANY_MAILS}), []
    for number in range(THREADS):
        home.create(f"user{number}")
        account = home.house.rooms.accounts.get_by_name(f"user{number}")
        access = home.log_in(f"user{number}")["access_token"]
        home.client().patch(
            "/me", json={"email": EMAIL}, headers={"Authorization": f"Bearer {access}"}
        )
        tokens.append(home.mailed_token("/verify-email"))
        assert not account.email_verified
    answers = at_once(lambda n: home.client().post("/email/verify", json={"token": tokens[n]}))
    assert statuses(answers) == {200: 1, 409: THREADS - 1}


def test_without_grace_one_of_twenty_refreshes_and_the_family_is_revoked(
    make_home: MakeHome,
) -> None:
    """Nobody can tell the owner from the thief, so neither stays in."""
    home = make_home(**ROOM, PORTERO_REFRESH_GRACE_SECONDS="0")
    home.register()
    first = home.log_in()
    answers = at_once(lambda _: refresh(home, first["refresh_token"]))
    assert statuses(answers) == {200: 1, 401: THREADS - 1}
    won = next(answer.json for answer in answers if answer.status_code == 200)
    assert refresh(home, won["refresh_token"]).status_code == 401
    assert not opens(home, won["access_token"])
    assert not opens(home, first["access_token"])


def test_with_grace_all_twenty_are_told_the_one_successor(home: Home) -> None:
    """Twenty tabs of one browser stay signed in."""
    home.register()
    first = home.log_in()
    answers = at_once(lambda _: refresh(home, first["refresh_token"]))
    assert statuses(answers) == {200: THREADS}
    successors = {answer.json["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert opens(home, answers[0].json["access_token"])
    assert refresh(home, successors.pop()).status_code == 200


def test_one_of_twenty_spends_an_auth_session(home: Home) -> None:
    """Of a sign-in that goes on in twenty tabs, one arrives, with one session."""
    home.create("ana", must_change=True)
    owes = home.post("/login", username="ana", password=PASSWORD)
    assert owes.json is not None
    auth_session = owes.json["auth_session"]

    def go_on(number: int) -> Any:
        new_password = f"{OTHER_PASSWORD} number {number}"
        return home.post("/login/continue", auth_session=auth_session, new_password=new_password)

    answers = at_once(go_on)
    assert statuses(answers) == {200: 1, 401: THREADS - 1}
    won = next(answer.json for answer in answers if answer.status_code == 200)
    listed = home.get("/me/sessions", won["access_token"])
    assert listed.json is not None
    assert len(listed.json["sessions"]) == 1


@pytest.mark.parametrize("reset_by", ["mail", "owner"])
def test_no_session_of_the_old_password_outlives_its_change(home: Home, reset_by: str) -> None:
    """Logins with the old password race with its change: whatever got in before is out after."""
    home.create("ana", EMAIL)
    access = home.log_in()["access_token"]
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")

    def step(number: int) -> Any:
        if number != THREADS // 2:
            return home.post("/login", username="ana", password=PASSWORD)
        if reset_by == "mail":
            body = {"token": token, "new_password": OTHER_PASSWORD}
            return home.client().post("/password/reset", json=body)
        body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        return home.post("/password/change", access, **body)

    answers = at_once(step)
    changed = answers.pop(THREADS // 2)
    assert changed.status_code in {200, 204}
    assert set(statuses(answers)) <= {200, 401}
    got_in = [answer.json for answer in answers if answer.status_code == 200]
    assert not any(opens(home, tokens["access_token"]) for tokens in got_in)
    assert not any(refresh(home, t["refresh_token"]).status_code == 200 for t in got_in)


def test_parallel_sign_ins_of_one_account_do_not_wait_for_each_other(home: Home) -> None:
    """Crosswise locks would cost PostgreSQL's deadlock timeout of a second, and a retry."""
    home.register()
    answers = at_once(lambda _: home.post("/login", username="ana", password=PASSWORD))
    assert statuses(answers) == {200: THREADS}
    with home.house.db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert connection.exec_driver_sql(query).scalar_one() == 0
