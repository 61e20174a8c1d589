"""Spending a try inside a verb's transaction."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime

from portero.core.limits import store
from portero.core.limits.model import LimitPolicy, OverLimit
from portero.kit.db import Tx


class Limits:
    """`spend` answers with the refusal instead of raising it: the try must be committed first
    (raising would roll it back and uncount it). `settled` are the policies that the operator set,
    by name; the others are as the calling room has them."""

    def __init__(self, settled: Mapping[str, LimitPolicy] | None = None) -> None:
        self._settled = settled or {}

    def spend(
        self, tx: Tx, policy: LimitPolicy, subject: str, *, now: datetime
    ) -> OverLimit | None:
        """Count a try for the subject; the refusal to raise after the commit, if it is over."""
        return self.spend_each(tx, (policy, subject), now=now)

    def spend_each(
        self, tx: Tx, *tries: tuple[LimitPolicy, str], now: datetime
    ) -> OverLimit | None:
        """The same for several subjects in one statement; the refusal that is new, and else the
        one that waits longest."""
        keyed = {
            _key(policy, subject): self._settled.get(policy.name, policy)
            for policy, subject in tries
        }
        refusals = [
            _over(keyed[key], spent, ends_at, now)
            for key, (spent, ends_at) in store.spend(tx, keyed, now=now).items()
            if spent > keyed[key].tries
        ]
        return max(
            refusals, key=lambda each: (each.is_first, each.retry_after_seconds or 0), default=None
        )

    def clear(self, tx: Tx, policy: LimitPolicy, subject: str) -> None:
        """Forget the subject's tries, after a success."""
        store.clear(tx, _key(policy, subject))

    def give_back(self, tx: Tx, policy: LimitPolicy, subject: str) -> None:
        """Uncount one try of a shared subject (an address), after a success."""
        store.give_back(tx, _key(policy, subject))


def _key(policy: LimitPolicy, subject: str) -> str:
    return hashlib.sha256(f"{policy.name}\0{subject}".encode()).hexdigest()


def _over(policy: LimitPolicy, spent: int, ends_at: datetime, now: datetime) -> OverLimit:
    wait = max(1, math.ceil((ends_at - now).total_seconds()))
    return OverLimit(
        f"{policy.name}: {spent} of {policy.tries}",
        limit=policy.name,
        is_first=spent == policy.tries + 1,
        retry_after_seconds=wait,
    )
