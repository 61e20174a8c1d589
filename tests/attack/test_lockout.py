"""Guessing at one password shuts it to strangers, and never shuts its owner out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.factors.password.model import MOST_FAILURES
from portero.core.factors.password.store import passwords
from portero.kit.db import Tx
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.relying_party import fields

WRONG = "not the right one"
MAILBOX = "ana@example.org"
# The limits in time would stop the guesses long before; here only the row of them is looked at.
NO_LIMITS = "login_by_account=1000/900,daily_login_by_account=1000/86400,login_by_address=10000/900"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_LIMITS=NO_LIMITS, PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    return home


def shut(home: Home) -> None:
    """A hundred wrong ones, of which all but the last are written down without a hash."""
    counted = passwords.update().values(failures=MOST_FAILURES - 1)
    home.house.db.write(lambda tx: tx.execute(counted))
    guess(home, 1)


def guess(home: Home, times: int, username: str = "ana") -> set[int]:
    return {
        home.post("/login", username=username, password=WRONG).status_code for _ in range(times)
    }


def log_in(home: Home, password: str = PASSWORD) -> int:
    return home.post("/login", username="ana", password=password).status_code


def by_page(browser: FlaskClient, password: str = PASSWORD) -> int:
    form = {**fields(browser.get("/sign-in?prompt=login")), "username": "ana"}
    return browser.post("/sign-in", data={**form, "password": password}).status_code


def recorded(home: Home, kind: str) -> int:
    return len(home.house.audit.list_entries(kind=kind))


def test_after_a_hundred_in_a_row_the_right_one_is_as_wrong(home: Home) -> None:
    """With the same answer: that it was right is what a guesser wants to hear."""
    shut(home)
    wrong = home.post("/login", username="ana", password=WRONG)
    right = home.post("/login", username="ana", password=PASSWORD)
    assert (right.status_code, wrong.status_code) == (401, 401)
    assert right.json is not None
    assert wrong.json is not None
    assert {**right.json, "request_id": ""} == {**wrong.json, "request_id": ""}


def test_a_right_one_begins_the_row_anew(home: Home) -> None:
    guess(home, 3)
    assert home.house.db.read(_failures) == 3
    assert log_in(home) == 200
    assert home.house.db.read(_failures) == 0


def test_where_the_owner_signed_in_before_it_still_works(home: Home) -> None:
    browser = home.client()
    assert by_page(browser) == 303
    shut(home)
    assert by_page(browser) == 303
    assert by_page(home.client()) == 401


def test_a_known_browser_opens_it_for_no_other(home: Home) -> None:
    """Who stole the browser and knows the password opens nothing elsewhere with them."""
    browser = home.client()
    assert by_page(browser) == 303
    shut(home)
    assert by_page(browser) == 303
    assert log_in(home) == 401


def test_the_owner_is_told_once(home: Home) -> None:
    shut(home)
    guess(home, 3)
    home.deliver()
    told = [mail for mail in home.mails() if "guessing at your password" in mail]
    assert len(told) == 1
    assert recorded(home, "password.shut") == 1


def test_a_new_password_by_mail_opens_it(home: Home) -> None:
    shut(home)
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")
    body = {"token": token, "new_password": OTHER_PASSWORD}
    assert home.client().post("/password/reset", json=body).status_code < 300
    assert log_in(home, OTHER_PASSWORD) == 200


def test_another_way_in_opens_it(home: Home) -> None:
    """Whoever has the mailbox is the owner, as far as a password goes."""
    from tests.support.codes import mailed_code

    shut(home)
    asked = home.post("/login/mail", username=MAILBOX).json
    assert asked is not None
    home.deliver()
    session = {"mail_session": asked["mail_session"], "code": mailed_code(home)}
    assert home.post("/login/mail/continue", **session).status_code == 200
    assert log_in(home) == 200
    assert recorded(home, "password.opened") == 1


def test_an_operator_opens_it(home: Home) -> None:
    shut(home)
    admin = home.house.rooms.account_admin
    account = home.house.rooms.accounts.get_by_name("ana")
    assert admin.unlock(Actor.operator(), account.id) is True
    assert log_in(home) == 200


def test_guesses_made_at_once_are_all_counted(home: Home) -> None:
    """CVE-2024-4629 (Keycloak): parallel requests went round the lock."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: guess(home, 1).pop(), range(16)))
    assert set(answers) <= {401, 503}
    assert home.house.db.read(_failures) == answers.count(401)


def _failures(tx: Tx) -> int:
    return int(tx.execute(passwords.select()).one().failures)


def test_a_patient_guesser_has_sixty_tries_a_day(make_home: MakeHome) -> None:
    """Not thirty in each quarter of an hour; the owner's mailbox ends the wait."""
    home = make_home()
    home.create("ana", MAILBOX)
    assert guess(home, 30) == {401}
    home.clock.let_pass(seconds=901)
    assert guess(home, 30) == {401}
    home.clock.let_pass(seconds=901)
    refused = home.post("/login", username="ana", password=PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 80_000
    home.post("/password/forgot", username="ana")
    body = {"token": home.mailed_token("/reset-password"), "new_password": OTHER_PASSWORD}
    assert home.client().post("/password/reset", json=body).status_code < 300
    assert log_in(home, OTHER_PASSWORD) == 200


def test_nobodys_name_waits_alike(make_home: MakeHome) -> None:
    home = make_home()
    for username in ("ana", "nobody"):
        if username == "ana":
            home.create("ana", MAILBOX)
        assert guess(home, 30, username) == {401}
        assert guess(home, 1, username) == {429}


def test_a_stolen_browser_does_not_guess_for_ever(make_home: MakeHome) -> None:
    """After so many wrong tries the account knows it no more, and a shut password is shut there."""
    home = make_home(PORTERO_LIMITS=f"{NO_LIMITS},known_login_by_account=2/900")
    home.create("ana", MAILBOX)
    browser = home.client()
    assert by_page(browser) == 303
    shut(home)
    assert [by_page(browser, WRONG) for _ in range(2)] == [401, 401]
    assert by_page(browser) == 303  # so far it is known
    assert by_page(browser, WRONG) == 401
    assert recorded(home, "device.forgotten") == 1
    assert by_page(browser) == 401


def test_a_neighbour_shuts_no_known_browser_out(make_home: MakeHome) -> None:
    home = make_home(PORTERO_LIMITS="login_by_address=2/900")
    home.create("ana", MAILBOX)
    browser = home.client()
    assert by_page(browser) == 303
    assert guess(home, 2, "nobody") == {401}
    assert by_page(home.client()) == 429
    assert by_page(browser) == 303
