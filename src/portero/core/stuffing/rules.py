"""When figures leave their band, and what a window teaches.

The band is learned, so that a house of clumsy typists and one of machines are each measured by
themselves. What an attacker can teach it is bounded twice: a figure beyond the edge counts as the
edge, and no edge lies above a cap that honest people never reach.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Final

from portero.core.stuffing.model import Band, Figures, Sign, Standing

WINDOW: Final = timedelta(minutes=5)
# A window weighs so much that what was new is usual after half a day; ours.
_WEIGHT: Final = 1 / 48
# Of a normal distribution one window in 30 000 lies beyond four deviations: one in three months.
_DEVIATIONS: Final = 4
# Robots that are asked for a puzzle fail no more, and may wait: whoever comes back within an hour
# finds the alarm on.
_CALM_WINDOWS: Final = 12
# Three typos in a night are all of its tries: fewer failures than this are no attack on many.
_FEWEST_FAILURES: Final = 50
# What so few tries show is chance.
_FEWEST_TO_LEARN: Final = 20


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The edge of a band is at least `least`, `margin` above the mean, and at most `cap`."""

    least: float
    margin: float
    cap: float


# Lists of stolen passwords fail at 98 tries of 100 and more; people at 10 to 30.
_RATIO: Final = _Bounds(least=0.3, margin=0.15, cap=0.8)
# A school behind one address has as many typos in the first minutes of a day as the cap says.
_NAMES: Final = _Bounds(least=20, margin=10, cap=100)


def window_of(now: datetime) -> datetime:
    seconds = int(WINDOW.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def new_standing(now: datetime) -> Standing:
    """Of a house that has learned nothing yet."""
    return Standing(window_of(now), ratio=Band(0.2, 0.1), names=Band(2, 2))


def sign_of(standing: Standing, figures: Figures) -> Sign | None:
    """By which figure stuffing shows in the window so far; None: by none."""
    if figures.names_by_network > edge_of_names(standing):
        return Sign.NAMES_BY_NETWORK
    is_beyond = figures.failure_ratio > edge_of_ratio(standing)
    return Sign.FAILURE_RATIO if _are_many(figures) and is_beyond else None


def _are_many(figures: Figures) -> bool:
    """Whether the failures are of more than a few, and from more than a few places."""
    return figures.failures >= _FEWEST_FAILURES and figures.names_by_network > 0


def edge_of_ratio(standing: Standing) -> float:
    return _edge(standing.ratio, _RATIO)


def edge_of_names(standing: Standing) -> float:
    return _edge(standing.names, _NAMES)


def after(standing: Standing, figures: Figures, now: datetime) -> Standing:
    """The standing once its window has ended with those figures. Windows in which nobody came, up
    to now, were calm."""
    window_at = window_of(now)
    empty = (window_at - standing.window_at) // WINDOW - 1
    calm = (standing.calm_windows + 1 if _is_calm(standing, figures) else 0) + max(0, empty)
    is_over = standing.opened_at is None or calm >= _CALM_WINDOWS
    learned = figures.tries >= _FEWEST_TO_LEARN and not _is_below_the_alarm(standing, figures)
    return replace(
        standing,
        window_at=window_at,
        ratio=_taught(standing.ratio, figures.failure_ratio, _RATIO) if learned else standing.ratio,
        names=_taught(standing.names, figures.names_by_network, _NAMES)
        if learned
        else standing.names,
        opened_at=None if is_over else standing.opened_at,
        calm_windows=0 if is_over else calm,
    )


def _is_below_the_alarm(standing: Standing, figures: Figures) -> bool:
    """Beyond the edge, and without an alarm: whoever fails seldom enough would teach unseen that
    nearly all fail."""
    is_beyond = figures.failure_ratio > edge_of_ratio(standing)
    return is_beyond and sign_of(standing, figures) is None


def _is_calm(standing: Standing, figures: Figures) -> bool:
    """Half-way back at least: what swings about the edge opens no alarm after alarm."""
    calm_ratio = not _are_many(figures) or figures.failure_ratio <= _half_way(
        standing.ratio, _RATIO
    )
    return calm_ratio and figures.names_by_network <= _half_way(standing.names, _NAMES)


def _half_way(band: Band, bounds: _Bounds) -> float:
    return (min(band.mean, bounds.cap) + _edge(band, bounds)) / 2


def _edge(band: Band, bounds: _Bounds) -> float:
    above = max(_DEVIATIONS * band.deviation, bounds.margin)
    return min(bounds.cap, max(bounds.least, band.mean + above))


def _taught(band: Band, value: float, bounds: _Bounds) -> Band:
    """Exponentially weighted. An outlier counts as the edge: neither an attack nor a night of them
    teaches more than the hardest of usual days."""
    beyond = min(value, _edge(band, bounds)) - band.mean
    variance = (1 - _WEIGHT) * (band.deviation**2 + _WEIGHT * beyond**2)
    return Band(band.mean + _WEIGHT * beyond, sqrt(variance))
