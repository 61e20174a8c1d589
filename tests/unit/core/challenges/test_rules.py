"""When a puzzle is asked for, and how hard it is."""

from __future__ import annotations

import pytest

from portero.core.challenges import Occasion, Pressure
from portero.core.challenges.rules import HARDEST, level


@pytest.mark.parametrize(
    ("tries", "asked"), [(0, None), (3, None), (4, 0), (6, 0), (7, 1), (10, 2)]
)
def test_slips_are_free_and_then_it_gets_harder(tries: int, asked: int | None) -> None:
    assert level(Occasion.LOGIN, Pressure(of_subject=tries)) == asked


@pytest.mark.parametrize(
    ("tries", "asked"), [(20, None), (21, 0), (40, 0), (41, 1), (10_000, HARDEST)]
)
def test_one_address_that_tries_many_names_works_for_each(tries: int, asked: int | None) -> None:
    assert level(Occasion.LOGIN, Pressure(of_address=tries)) == asked


def test_the_heavier_of_the_two_counts() -> None:
    assert level(Occasion.LOGIN, Pressure(of_subject=4, of_address=61)) == 2


def test_a_browser_that_signed_in_before_is_asked_for_nothing() -> None:
    """Else whoever tries somebody's password makes the owner's sign-in slower."""
    hot = Pressure(of_subject=50, of_address=500, device_known=True)
    assert level(Occasion.LOGIN, hot) is None


def test_registrations_are_told_by_their_address() -> None:
    """Their names are new each time."""
    assert level(Occasion.REGISTER, Pressure(of_subject=50)) is None
    assert level(Occasion.REGISTER, Pressure(of_address=4)) == 0
