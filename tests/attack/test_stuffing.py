"""A list of stolen passwords is tried: strangers work for each try, and nobody is locked out."""

from __future__ import annotations

import pytest

from tests.attack.test_robots import _by_page, log_in, puzzle_of
from tests.support.counting import counted
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.puzzles import solved_puzzle


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is who is asked, not how it is stored."""
    return sqlite_url


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_CHALLENGE="altcha")
    home.create("ana", "ana@example.org")
    return home


def tried(home: Home, names: int) -> None:
    """The list, from many addresses, so that no limit and no counter of one name sees it."""
    alarm = home.house.stuffing
    for number in range(names):
        alarm.failed(f"198.51.{number % 50}.7", f"name {number}")
    alarm.step()


def test_a_stranger_is_asked_before_the_first_try(home: Home) -> None:
    """Each name and each address comes once: no other rule would ask."""
    tried(home, 80)
    puzzle = puzzle_of(log_in(home))
    assert puzzle.content["parameters"]["data"]["level"] == 1
    assert log_in(home, challenge=solved_puzzle(puzzle)).status_code == 200


def test_who_has_no_account_is_asked_alike(home: Home) -> None:
    tried(home, 80)
    puzzle_of(home.post("/login", username="nobody", password="wrong"))


def test_a_browser_that_signed_in_before_notices_nothing(home: Home) -> None:
    known = home.client()
    assert _by_page(known).status_code == 303
    tried(home, 80)
    assert _by_page(known).status_code == 303


def test_wrong_passwords_are_what_it_counts(home: Home) -> None:
    """By whatever name, a nobody's too; and a sign-in that was right."""
    for name in ("ana", "nobody", "nobody@example.org"):
        home.post("/login", username=name, password="wrong")
    home.log_in()
    home.house.stuffing.step()
    _, figures = home.house.stuffing.look()
    assert (figures.successes, figures.failures, figures.names_by_network) == (1, 3, 0)


def test_a_sign_in_costs_no_statement_for_it(home: Home) -> None:
    with counted(home) as statements:
        home.post("/login", username="ana", password="wrong")
        home.post("/login", username="ana", password=PASSWORD)
    assert not [each for each in statements if "stuffing" in each]
