"""Every way to choose a password, against every rule of what may be one: none is asked in one
form and forgotten in another (ASVS 5.0 V6.2). The command line: `tests/unit/cli/test_passwords`.

A new way to choose one is a row of `WAYS`: it prepares somebody, and answers with a function that
sends a password and gives the response.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.factors.password import store
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.ranges import Ranges
from tests.support.relying_party import fields

MAILBOX = "annabel@example.org"
NAME = "annabel"
GOOD = "nine pelicans row past dawn"
Send = Callable[[str], TestResponse]
Way = Callable[[Home], Send]

TOO_SHORT = "Use at least 8 characters."
EASY = ("Many people use this password.", "This is easy to guess.")
NAMES = "Do not build the password from your name, your address or ours."
LEAKED = "This password is known from a breach elsewhere."
# Of the most used ones of every leak, short and long, and what people make of them.
COMMON = (
    "password", "12345678", "iloveyou", "sunshine", "baseball", "trustno1", "qwertyuiop",
    "Password1", "p4ssw0rd", "passwordpassword", "123456789012345", "qwertyuiopasdfg",
    "1q2w3e4r5t6y7u8i9o0p", "thequickbrownfox", "Correct Horse Battery Staple 1",
    "aaaaaaaaaaaaaaaa",
)  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is which rule is asked, not how it is stored."""
    return sqlite_url


# --- the ways -----------------------------------------------------------------------------------


def registering(home: Home) -> Send:
    return lambda password: home.post("/register", username=NAME, email=MAILBOX, password=password)


def the_page_of_registering(home: Home) -> Send:
    browser = home.client()

    def send(password: str) -> TestResponse:
        form = {**fields(browser.get("/sign-up")), "username": NAME, "email": MAILBOX}
        return browser.post("/sign-up", data={**form, "password": password})

    return send


def changing(home: Home) -> Send:
    home.create(NAME, MAILBOX)
    token = home.log_in(NAME)["access_token"]
    return lambda password: home.post(
        "/password/change", token, current_password=PASSWORD, new_password=password
    )


def the_page_of_changing(home: Home) -> Send:
    return _on_page(home, "/account/security/password", current_password=PASSWORD)


def the_page_of_a_first_one(home: Home) -> Send:
    send = _on_page(home, "/account/security/choose-password")
    account = home.house.rooms.accounts.get_by_name(NAME)
    home.house.db.write(lambda tx: store.remove(tx, account.id))
    return send


def resetting(home: Home) -> Send:
    token = _mailed(home)
    return lambda password: home.client().post(
        "/password/reset", json={"token": token, "new_password": password}
    )


def the_page_of_resetting(home: Home) -> Send:
    token, browser = _mailed(home), home.client()

    def send(password: str) -> TestResponse:
        form = fields(browser.get(f"/reset-password?token={token}"))
        return browser.post("/reset-password", data={**form, "new_password": password})

    return send


def a_step_of_signing_in(home: Home) -> Send:
    home.create(NAME, MAILBOX, must_change=True)
    owed: Any = home.post("/login", username=NAME, password=PASSWORD).json
    return lambda password: home.post(
        "/login/continue", auth_session=owed["auth_session"], new_password=password
    )


def the_page_of_that_step(home: Home) -> Send:
    home.create(NAME, MAILBOX, must_change=True)
    browser = home.client()
    page = fields(_signed_in(home, browser))
    return lambda password: browser.post("/sign-in", data={**page, "new_password": password})


def an_invitation(home: Home) -> Send:
    """The name and the address are those of the invited, who is nobody here yet."""
    from portero.core.audit import Actor

    link = home.house.rooms.sign_up.invite(Actor.operator(), MAILBOX)
    token = link.partition("?token=")[2]
    return lambda password: home.post(
        "/register", username=NAME, email=MAILBOX, password=password, invitation=token
    )


def _on_page(home: Home, path: str, **typed: str) -> Send:
    home.create(NAME, MAILBOX)
    browser = home.client()
    _signed_in(home, browser)
    own = {"csrf", "session"}

    def send(password: str) -> TestResponse:
        form = {name: text for name, text in fields(browser.get(path)).items() if name in own}
        return browser.post(path, data={**form, **typed, "new_password": password})

    return send


def _signed_in(home: Home, browser: FlaskClient) -> TestResponse:
    form = {**fields(browser.get("/sign-in")), "username": NAME, "password": PASSWORD}
    return browser.post("/sign-in", data=form)


def _mailed(home: Home) -> str:
    home.create(NAME, MAILBOX)
    home.post("/password/forgot", username=NAME)
    return home.mailed_token("/reset-password")


WAYS = (registering, the_page_of_registering, changing, the_page_of_changing,
        the_page_of_a_first_one, resetting, the_page_of_resetting, a_step_of_signing_in,
        the_page_of_that_step, an_invitation)  # fmt: skip
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def works(home: Home, password: str) -> bool:
    return home.post("/login", username=NAME, password=password).status_code == 200


@each_way
def test_a_common_password_is_refused_wherever_one_is_chosen(make_home: MakeHome, way: Way) -> None:
    """ASVS 6.2.4, 6.2.1, 6.2.11: and so is a short one, and one that is made of the person's
    names. Nothing is changed or spent by it: the same form takes a good one."""
    home = make_home(PORTERO_PASSWORD_MIN_LENGTH="8")
    send = way(home)
    for common in COMMON:
        answer = send(common)
        assert answer.status_code == 422, common
        assert any(sentence in answer.text for sentence in EASY), common
    for bad, sentence in (("sevensx", TOO_SHORT), (f"{NAME}-portero-99", NAMES)):
        answer = send(bad)
        assert (answer.status_code, sentence in answer.text) == (422, True), bad
    assert send(GOOD).status_code < 400
    assert works(home, GOOD)


@each_way
def test_a_leaked_password_is_refused_wherever_one_is_chosen(
    make_home: MakeHome, ranges: Ranges, way: Way
) -> None:
    """ASVS 6.2.12: by a range service that knows it. When that does not answer, the password is
    taken and the failure counted: signing up must not hang on somebody else's server."""
    home = make_home(PORTERO_PASSWORD_BREACH_URL=ranges.url)
    send = way(home)
    ranges.knows(GOOD)
    answer = send(GOOD)
    assert (answer.status_code, LEAKED in answer.text) == (422, True)
    assert ranges.asked[-1] == hashlib.sha1(GOOD.encode()).hexdigest().upper()[:5]
    ranges.down = True
    assert send(GOOD).status_code < 400
    assert works(home, GOOD)


@pytest.mark.parametrize(
    "password",
    ["Harbour-Lantern 2026", "lantern.HARBOUR.lantern", "portos portos 1", "login-quay-2026!"],
)
def test_the_operators_words_make_no_password(make_home: MakeHome, password: str) -> None:
    """ASVS 6.1.2, 6.2.11: the product's name, the issuer's host and PORTERO_PASSWORD_WORDS; in a
    sentence they do no harm."""
    home = make_home(
        PORTERO_PRODUCT_NAME="Portos",
        PORTERO_ISSUER="https://login.quay.example",
        PORTERO_PASSWORD_WORDS="Harbour, Lantern",
    )
    answer = home.post("/register", username=NAME, password=password)
    assert (answer.status_code, NAMES in answer.text) == (422, True)
    home.register(NAME, "no lantern lights the harbour")


# Past 72 bytes (bcrypt), 64 and 128 characters, and with what a form or a parser may take away.
LONG = "walrus " * 18 + "et"
VERBATIM = {
    "64 characters": "brisk " * 10 + "tide",
    "128 characters": LONG,
    "256 characters": "yarrow " * 36 + "quay",
    "spaces at its ends": f"  {PASSWORD} ",
    "emoji": "🐌🦔🌵🪁🫖🧶🪵🦦🧭🪴🛶🐚🍄🪺🥁",
    "signs": "<b>&amp;%41+\\\"'; -- \u00a0\u200d$(x){{7}}",
}


@pytest.mark.parametrize("password", VERBATIM.values(), ids=VERBATIM)
def test_a_password_is_taken_and_proven_as_it_was_typed(home: Home, password: str) -> None:
    """ASVS 6.2.8, 6.2.9, 6.2.5; CVE-2025-22228, CVE-2025-68402, CVE-2020-7689: the last character
    counts, a space does, and so does the case of a letter, in each of two faces."""
    home.register(NAME, password)
    cut = {
        password[:-1],
        password[:-1] + "x",
        password + " ",
        password.strip(),
        password.swapcase(),
    }
    page, browser = home.client(), home.client()
    for other in cut - {password}:
        assert not works(home, other), repr(other)
        form = {**fields(page.get("/sign-in")), "username": NAME, "password": other}
        assert page.post("/sign-in", data=form).status_code == 401
    assert works(home, password)
    form = {**fields(browser.get("/sign-in")), "username": NAME, "password": password}
    assert browser.post("/sign-in", data=form).status_code == 303


def test_a_password_does_not_grow_old(home: Home) -> None:
    """ASVS 6.2.10: after ten years it still opens, and nothing is owed."""
    home.register(NAME)
    home.clock.let_pass(days=3653)
    home.house.keys.keep((SigningAlg.ES256,))
    home.house.feed.poll()
    token = home.log_in(NAME)["access_token"]
    assert home.client().get("/me", headers=bearer(token)).status_code == 200
