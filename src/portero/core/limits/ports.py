"""Where tries are counted: the two stores say the same, and the rules are above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from portero.core.limits.model import LimitPolicy
from portero.kit.db import Tx


class Counters(Protocol):
    """Keyed by hashes, which say nothing. `tx` is the transaction of the verb that counts; a store
    that has no part in it uncounts only after its commit."""

    def spend(
        self, tx: Tx, tries: Mapping[str, LimitPolicy], *, now: datetime
    ) -> dict[str, tuple[int, datetime]]:
        """Count one try under each key, in one step; by key, how many there were in this window,
        and its end. Of parallel tries each sees another count."""

    def spent(self, tx: Tx, keys: Sequence[str], *, now: datetime) -> dict[str, int]:
        """The tries in the windows that are not over, by key."""

    def give_back(self, tx: Tx, keys: Sequence[str]) -> None:
        """Uncount a try under each key; never below none."""

    def clear(self, tx: Tx, keys: Sequence[str]) -> None:
        """Forget the tries under each key."""


class CountersGone(Exception):
    """The store does not answer, or not in time. Whether the try was counted is not known."""
