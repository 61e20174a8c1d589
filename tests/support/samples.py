"""Whether two rows of measurements are of one thing: the test of Mann and Whitney, which asks how
often one of the first is above one of the second, and is not moved by a few slow ones."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

# One false alarm in ten thousand honest comparisons.
ALARM: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Compared:
    """`chance`: how likely so large a difference is between two rows of the same thing.
    `apart_seconds`: of the medians, the second less the first."""

    chance: float
    apart_seconds: float

    @property
    def differ(self) -> bool:
        return self.chance < ALARM


def compare(first: Sequence[float], second: Sequence[float]) -> Compared:
    """By the normal approximation, with ties; good for twenty of each and more."""
    ordered, n, m = sorted(second), len(first), len(second)
    below = sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in first) / 2
    together = sorted([*first, *second])
    ties = sum(t**3 - t for t in _runs(together))
    spread = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    z = (below - n * m / 2) / spread if spread else 0.0
    apart = statistics.median(second) - statistics.median(first)
    return Compared(math.erfc(abs(z) / math.sqrt(2)), apart)


def in_turns(
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    times: int,
    between: Callable[[], object] = lambda: None,
) -> tuple[list[float], list[float]]:
    """How long each takes, measured in turns (which of the two begins, changes), so that whatever
    else the machine does it does to both. What is done once in a while is done before; `between` is
    done before each pair, and not measured."""
    taken: dict[Callable[[], object], list[float]] = {first: [], second: []}
    for number in range(-3, times):
        between()
        for ask in (first, second) if number % 2 else (second, first):
            began = perf_counter()
            ask()
            if number >= 0:
                taken[ask].append(perf_counter() - began)
    return taken[first], taken[second]


def _runs(ordered: Sequence[float]) -> list[int]:
    """How many stand at each value."""
    runs, last = [], None
    for one in ordered:
        if one == last:
            runs[-1] += 1
        else:
            runs.append(1)
        last = one
    return runs
