"""When figures leave their band, and what a window teaches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero.core.stuffing.model import Figures, Sign, Standing
from portero.core.stuffing.rules import WINDOW, after, new_standing, sign_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
USUAL = Figures(successes=80, failures=20, names_by_network=2)
ATTACK = Figures(successes=10, failures=990, names_by_network=12)


def taught(standing: Standing, *windows: Figures) -> Standing:
    for figures in windows:
        standing = after(standing, figures, standing.window_at + WINDOW)
    return standing


def lived(windows: Iterable[Figures]) -> Standing:
    return taught(new_standing(NOW), *windows)


@pytest.mark.parametrize(
    ("figures", "sign"),
    [
        (Figures(0, 3, 3), None),  # a tiny house, and three typos
        (Figures(0, 49, 20), None),
        (USUAL, None),
        (ATTACK, Sign.FAILURE_RATIO),
        (Figures(1, 99, 0), None),  # from fewer than five networks
        (Figures(0, 30, 30), Sign.NAMES_BY_NETWORK),
        (Figures(9_000, 30, 30), Sign.NAMES_BY_NETWORK),  # hidden among good ones
    ],
)
def test_a_new_house_knows_an_attack(figures: Figures, sign: Sign | None) -> None:
    assert sign_of(new_standing(NOW), figures) == sign


def test_what_is_usual_here_is_no_alarm_here() -> None:
    """A house of careful people learns a narrower band, one of clumsy people a wider one."""
    clumsy = Figures(successes=40, failures=60, names_by_network=2)
    careful = Figures(successes=990, failures=10, names_by_network=2)
    suspicious = Figures(successes=60, failures=60, names_by_network=2)
    assert sign_of(lived([careful] * 300), suspicious) is Sign.FAILURE_RATIO
    assert sign_of(lived([clumsy] * 300), suspicious) is None


def test_a_night_without_anybody_teaches_nothing() -> None:
    quiet = lived([Figures(1, 0, 0)] * 500)
    assert (quiet.ratio, quiet.names) == (new_standing(NOW).ratio, new_standing(NOW).names)


def test_what_gives_no_alarm_teaches_no_attack() -> None:
    """The attack: fail nearly always, too seldom for an alarm, until that is usual."""
    unseen = Figures(successes=1, failures=49, names_by_network=2)
    assert sign_of(new_standing(NOW), unseen) is None
    assert lived([unseen] * 12).ratio == new_standing(NOW).ratio


def test_the_alarm_ends_after_a_calm_hour() -> None:
    alarmed = after_opening(new_standing(NOW))
    almost = taught(alarmed, *[USUAL] * 11)
    assert almost.opened_at is not None
    assert taught(almost, USUAL).opened_at is None


def test_an_attack_that_pauses_finds_the_alarm_on() -> None:
    """The attack: stop where puzzles are asked, and come back when they are not."""
    alarmed = after_opening(new_standing(NOW))
    assert taught(alarmed, *[USUAL] * 11, ATTACK, *[USUAL] * 11).opened_at is not None


def test_what_swings_about_the_edge_keeps_it_on() -> None:
    """A little below the edge is not calm yet."""
    alarmed = after_opening(new_standing(NOW))
    near = Figures(successes=45, failures=55, names_by_network=2)
    assert sign_of(alarmed, near) is None
    assert taught(alarmed, *[near] * 13).opened_at is not None


def test_nobody_keeps_it_on_from_one_place() -> None:
    alarmed = after_opening(new_standing(NOW))
    assert taught(alarmed, *[Figures(1, 299, 0)] * 12).opened_at is None


def test_windows_in_which_nobody_came_are_calm() -> None:
    alarmed = after_opening(new_standing(NOW))
    later = after(alarmed, ATTACK, alarmed.window_at + 13 * WINDOW)
    assert later.opened_at is None


def after_opening(standing: Standing) -> Standing:
    return Standing(standing.window_at, standing.ratio, standing.names, standing.window_at)


windows = st.builds(Figures, st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 5_000))


@settings(max_examples=60, deadline=None)
@given(st.lists(windows, max_size=40), st.integers(1, 4))
def test_nobody_teaches_it_to_overlook_a_list(poison: list[Figures], times: int) -> None:
    """The attack: raise the failures a little each window until a list is usual. Whatever it was
    taught, more than four failures of five, and more than a hundred names of a network, are too
    many."""
    standing = lived(poison * times)
    assert sign_of(standing, Figures(190, 810, 1)) is Sign.FAILURE_RATIO
    assert sign_of(standing, Figures(9_999, 101, 101)) is Sign.NAMES_BY_NETWORK


@pytest.mark.parametrize("hours", [1, 24, 24 * 30])
def test_a_patient_poisoner_meets_the_cap(hours: int) -> None:
    """Just below the edge in each window, for as long as he likes."""
    standing = new_standing(NOW)
    for _ in range(hours * 12):
        share = min(0.999, standing.ratio.mean + 0.15)
        standing = taught(standing, Figures(int(1000 * (1 - share)), int(1000 * share), 99))
    assert sign_of(standing, Figures(190, 810, 1)) is Sign.FAILURE_RATIO
    assert standing.window_at == NOW + timedelta(hours=hours)
