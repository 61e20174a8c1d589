"""The test that judges times: it finds two milliseconds, and it does not cry wolf."""

from __future__ import annotations

import random

from tests.support.samples import compare


def times(dice: random.Random, *, more: float = 0.0, count: int = 150) -> list[float]:
    """As a busy machine answers: about 12 ms, some far more, none less than its work."""
    return [0.009 + dice.expovariate(1 / 0.003) + more for _ in range(count)]


def test_two_milliseconds_are_found() -> None:
    """In fifty of fifty comparisons, whichever is the slower one."""
    dice = random.Random(1)
    for _ in range(50):
        found = compare(times(dice), times(dice, more=0.002))
        assert found.differ
        assert 0.0005 < found.apart_seconds < 0.0035
        assert compare(times(dice, more=0.002), times(dice)).differ


def test_a_part_that_is_slower_is_found_too() -> None:
    """Half of them by four milliseconds: the medians are no further apart than by chance."""
    dice = random.Random(2)
    found = 0
    for _ in range(50):
        mixed = [*times(dice, count=75), *times(dice, more=0.004, count=75)]
        found += compare(times(dice), mixed).differ
    assert found >= 45


def test_what_is_the_same_is_not_found_different() -> None:
    """One alarm in two thousand comparisons would be twenty times what it promises."""
    dice = random.Random(3)
    assert (
        sum(compare(times(dice, count=60), times(dice, count=60)).differ for _ in range(2000)) < 2
    )


def test_ties_are_no_difference() -> None:
    """A clock that counts coarsely."""
    assert not compare([0.01] * 50, [0.01] * 50).differ
    assert compare([0.01] * 50, [0.02] * 50).differ
