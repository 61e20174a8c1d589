"""What is counted, the band that it usually lies in, and whether the alarm is on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

# Fewer are no attack on the house. Each is asked for puzzles by the limits of its addresses, and
# nobody has all strangers asked for them from one place.
NETWORKS: Final = 5


class Sign(StrEnum):
    """By which figure stuffing shows."""

    FAILURE_RATIO = "failure_ratio"
    NAMES_BY_NETWORK = "names_by_network"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one window: accounts that signed in (each once), tries that failed, and how many names
    failed from each of `NETWORKS` networks at least; 0 where there are fewer networks."""

    successes: int = 0
    failures: int = 0
    names_by_network: int = 0

    @property
    def tries(self) -> int:
        return self.successes + self.failures

    @property
    def failure_ratio(self) -> float:
        return self.failures / self.tries if self.tries else 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """Where a figure usually lies: its weighted mean and standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Standing:
    """`window_at` is the beginning of the window that is counted now. `opened_at` is since when the
    alarm is on, None while it is off; `calm_windows` have ended since it was last needed."""

    window_at: datetime
    ratio: Band
    names: Band
    opened_at: datetime | None = None
    calm_windows: int = 0
