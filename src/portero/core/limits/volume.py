"""How much of what succeeds: counted in this process alone, without a statement and without a wait.

A client in a loop must not slow down everybody else; that is a matter of each process, and worth no
write to a database. What has to hold over all processes, because it can be guessed or costs money,
is counted by `Limits`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Final

from portero.core.limits.model import LimitPolicy, OverLimit, VolumePolicy
from portero.kit.ports import Clock

# Windows that are over are looked for when there are so many, or twice as many as stayed last time.
_LOOK_THROUGH_AT: Final = 10_000


class Volume:
    """`settled` are the policies that the operator set, by name."""

    def __init__(self, clock: Clock, settled: Mapping[str, LimitPolicy] | None = None) -> None:
        self._clock = clock
        self._settled = settled or {}
        self._lock = threading.Lock()
        # policy and subject: how much, and when its window ends
        self._windows: dict[tuple[str, str], tuple[int, float]] = {}
        self._look_through_at = _LOOK_THROUGH_AT

    def spend(self, policy: VolumePolicy, subject: str) -> None:
        """Count one; raises `OverLimit`. The subject has proven who it is: what anybody can make up
        would fill the memory."""
        settled = self._settled.get(policy.name, policy)
        key, moment = (policy.name, subject), self._clock.monotonic()
        with self._lock:
            spent, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= moment:
                spent, ends_at = 0, moment + settled.window_seconds
                self._forget(moment)
            spent += 1
            self._windows[key] = (spent, ends_at)
        if spent > settled.tries:
            raise OverLimit(
                f"{policy.name}: {spent} of {settled.tries} by {subject}",
                policy=settled,
                is_first=spent == settled.tries + 1,
                retry_after_seconds=max(1, math.ceil(ends_at - moment)),
            )

    def _forget(self, moment: float) -> None:
        if len(self._windows) < self._look_through_at:
            return
        self._windows = {key: each for key, each in self._windows.items() if each[1] > moment}
        self._look_through_at = max(_LOOK_THROUGH_AT, 2 * len(self._windows))
