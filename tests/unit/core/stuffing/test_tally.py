"""What one process counts in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero.core.stuffing.tally import Tally

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_crowd_is_counted_to_its_last() -> None:
    """More people than a process remembers make no failures look many, nor does a flood of names
    keep theirs from being counted."""
    tally = Tally(b"k" * 32)
    for number in range(21_000):
        tally.failed(NOW, f"network {number // 100}", f"nobody {number}")
        tally.succeeded(NOW, f"person {number}")
    counted = tally.take()[NOW]
    assert (counted.failures, counted.successes, len(counted.names)) == (21_000, 21_000, 20_000)


def test_each_window_begins_anew() -> None:
    """And what is taken is not taken again."""
    tally = Tally(b"k" * 32)
    for window_at in (NOW, NOW, NOW + timedelta(minutes=5)):
        tally.succeeded(window_at, "ana")
    assert [counted.successes for counted in tally.take().values()] == [1, 1]
    assert tally.take() == {}
