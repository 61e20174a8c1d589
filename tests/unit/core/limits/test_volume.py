"""The volume of what succeeds, counted in one process."""

from __future__ import annotations

import pytest

from portero.core.limits import LimitPolicy, OverLimit, Volume, VolumePolicy
from tests.support.house import MovableClock
from tests.support.racing import THREADS, at_once

THREE = VolumePolicy("three", tries=3, window_seconds=60)


def passed(volume: Volume, times: int, subject: str = "x") -> int:
    count = 0
    for _ in range(times):
        try:
            volume.spend(THREE, subject)
        except OverLimit:
            continue
        count += 1
    return count


def test_a_window_begins_with_its_first_one_and_ends() -> None:
    """Whoever goes on asking doesn't make it longer; each subject has its own."""
    clock = MovableClock()
    volume = Volume(clock)
    assert [passed(volume, 5), passed(volume, 5, "y")] == [3, 3]
    clock.let_pass(seconds=30)
    with pytest.raises(OverLimit) as refused:
        volume.spend(THREE, "x")
    assert refused.value.retry_after_seconds in {30, 31}
    assert not refused.value.is_first
    clock.let_pass(seconds=31)
    assert passed(volume, 5) == 3


def test_the_operators_figures_count() -> None:
    """By name."""
    volume = Volume(MovableClock(), {"three": LimitPolicy("three", tries=1, window_seconds=5)})
    assert passed(volume, 5) == 1


def test_threads_are_counted_each() -> None:
    """Of many at once as many pass as may."""
    volume = Volume(MovableClock())
    assert sum(at_once(lambda _: passed(volume, 1))) == 3 < THREADS


def test_windows_that_are_over_are_forgotten() -> None:
    """A server that runs for a year does not remember each client of that year."""
    clock = MovableClock()
    volume = Volume(clock)
    for number in range(30_000):
        volume.spend(THREE, f"{number}")
        clock.let_pass(seconds=0.1)
    assert len(volume._windows) <= 11_000
