"""Robots at the door: a puzzle by rule, the same for every name, and no way round it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.challenges import Puzzle
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.puzzles import solved_puzzle
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


WRONG = "not the right one"
FREE = 3  # slips of a person


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_CHALLENGE="altcha", PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", "ana@example.org")
    return home


def slip(home: Home, username: str = "ana", times: int = FREE + 1) -> None:
    """So many wrong passwords, of which the last is still looked at."""
    for _ in range(times):
        assert home.post("/login", username=username, password=WRONG).status_code == 401


def puzzle_of(answer: TestResponse) -> Puzzle:
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["code"] == "challenge_required"
    told = dict(answer.json["challenge"])
    return Puzzle(told.pop("kind"), told, ticket=told.pop("ticket"))


def log_in(home: Home, password: str = PASSWORD, **more: Any) -> TestResponse:
    return home.post("/login", username="ana", password=password, **more)


def test_the_right_password_waits_for_its_puzzle(home: Home) -> None:
    slip(home)
    puzzle = puzzle_of(log_in(home))
    assert log_in(home, challenge=solved_puzzle(puzzle)).status_code == 200


def test_a_solution_is_not_used_for_two_guesses(home: Home) -> None:
    slip(home)
    solved = solved_puzzle(puzzle_of(log_in(home)))
    assert log_in(home, WRONG, challenge=solved).status_code == 401
    puzzle_of(log_in(home, challenge=solved))


def test_an_unsolved_puzzle_uses_up_nobodys_tries(home: Home) -> None:
    """Else a robot that solves none locks the owner out for nothing."""
    slip(home)
    for _ in range(40):
        puzzle_of(log_in(home, WRONG))
    puzzle = puzzle_of(log_in(home))
    assert log_in(home, challenge=solved_puzzle(puzzle)).status_code == 200


def test_who_has_no_account_is_asked_alike(home: Home) -> None:
    """After as many tries, with the same document; a puzzle tells nobody who exists."""
    slip(home)
    slip(home, "nobody")
    known, unknown = (
        home.post("/login", username=name, password=WRONG).json for name in ("ana", "nobody")
    )
    assert known is not None
    assert unknown is not None
    assert _shape(known) == _shape(unknown)
    assert known["challenge"]["parameters"]["data"]["level"] == 0
    assert unknown["challenge"]["parameters"]["data"]["level"] == 0


def _shape(told: Any) -> Any:
    """All but what is new in each answer."""
    if not isinstance(told, dict):
        return type(told)
    return {name: _shape(value) for name, value in sorted(told.items())}


def test_other_spellings_are_the_same_name(home: Home) -> None:
    slip(home)
    for name in ("ANA", "ana@example.org"):
        puzzle_of(home.post("/login", username=name, password=PASSWORD))


def test_success_ends_it(home: Home) -> None:
    slip(home)
    solved = solved_puzzle(puzzle_of(log_in(home)))
    assert log_in(home, challenge=solved).status_code == 200
    assert log_in(home).status_code == 200


def test_a_browser_that_signed_in_before_is_spared(home: Home) -> None:
    """Strangers who try a password make it no harder for its owner."""
    known, strange = home.client(), home.client()
    assert _by_page(known).status_code == 303
    slip(home)
    assert _by_page(strange).status_code == 403
    assert _by_page(known).status_code == 303


def test_a_device_cookie_of_another_account_spares_nobody(home: Home) -> None:
    home.create("eve")
    hers = home.client()
    assert _by_page(hers, username="eve").status_code == 303
    slip(home)
    assert _by_page(hers).status_code == 403


def test_the_page_has_its_puzzle_with_the_last_free_slip(home: Home) -> None:
    """So that the password need not be typed twice, and the device works beside the typing."""
    browser = home.client()
    for _ in range(FREE):
        page = _by_page(browser, password=WRONG)
        assert "data-puzzle" not in page.text
    page = _by_page(browser, password=WRONG)
    assert page.status_code == 401
    assert "data-puzzle" in page.text
    ticket = fields(page)["ticket"]
    early = _by_page(browser, page=page, ticket=ticket)
    assert early.status_code == 403
    assert fields(early)["ticket"] == ticket
    home.clock.let_pass(seconds=15)
    assert _by_page(browser, page=early, ticket=ticket).status_code == 303


def _by_page(
    browser: FlaskClient,
    *,
    username: str = "ana",
    password: str = PASSWORD,
    page: TestResponse | None = None,
    **more: str,
) -> TestResponse:
    form = fields(page or browser.get("/sign-in?prompt=login"))
    return browser.post(
        "/sign-in", data={**form, "username": username, "password": password, **more}
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/password/forgot", {"username": "ana"}),
        ("/login/mail", {"username": "ana"}),
        ("/register", {"username": "new-{number}", "password": PASSWORD}),
    ],
)
def test_many_from_one_address_work_for_each(home: Home, path: str, body: dict[str, str]) -> None:
    """Mails and accounts cost somebody: whoever wants many of them works."""

    def ask(number: int, **more: str) -> TestResponse:
        filled = {name: value.format(number=number) for name, value in body.items()}
        return home.post(path, **filled, **more)

    answers = [ask(number) for number in range(8)]
    first = next(n for n, answer in enumerate(answers) if answer.status_code == 403)
    assert first >= 3
    assert all(answer.status_code == 403 for answer in answers[first:])
    assert ask(9, challenge=solved_puzzle(puzzle_of(ask(9)))).status_code < 300


def test_an_invitation_needs_no_puzzle(make_home: MakeHome) -> None:
    home = make_home(PORTERO_CHALLENGE="altcha")
    for number in range(4):
        home.register(f"new-{number}")
    puzzle_of(home.post("/register", username="late", password=PASSWORD))
    url = home.house.rooms.sign_up.invite(_operator(), "kim@example.org")
    token = re.findall(r"token=([\w-]+)", url)[0]
    invited = home.post("/register", username="kim", password=PASSWORD, invitation=token)
    assert invited.status_code == 201


def _operator() -> Any:
    from portero.core.audit import Actor

    return Actor.operator()


@pytest.mark.parametrize("challenge", ["", "x", "wait.5.9999999999.0", "{}", "ZQ==", "é" * 100])
def test_nonsense_opens_nothing(home: Home, challenge: str) -> None:
    slip(home)
    puzzle_of(log_in(home, challenge=challenge))


def test_turned_off_nothing_is_asked(make_home: MakeHome) -> None:
    home = make_home(PORTERO_CHALLENGE="off")
    home.create("ana")
    slip(home, times=10)
    assert log_in(home).status_code == 200


def test_answers_are_counted_before_they_are_judged(make_home: MakeHome) -> None:
    """A service may have to be asked about each, and a thread waits for it."""
    home = make_home(
        PORTERO_CHALLENGE="altcha", PORTERO_LIMITS="challenge_answers_by_address=2/900"
    )
    home.create("ana")
    slip(home)
    statuses = [log_in(home, challenge="x").status_code for _ in range(3)]
    assert statuses == [403, 403, 429]
