"""Spending a try inside a verb's transaction."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime

from portero.core.limits.model import LimitPolicy, OverLimit
from portero.core.limits.ports import Counters
from portero.core.limits.rules import Prefixes, counted_for
from portero.core.limits.store import SqlCounters
from portero.kit.db import Tx
from portero.kit.values import quick_value


@quick_value
class _Counter:
    key: str
    policy: LimitPolicy


class Limits:
    """`spend` answers with the refusal instead of raising it: the try must be committed first
    (raising would roll it back and uncount it). `settled` are the policies that the operator set,
    by name; the others are as the calling room has them."""

    def __init__(
        self,
        settled: Mapping[str, LimitPolicy] | None = None,
        prefixes: Prefixes | None = None,
        counters: Counters | None = None,
    ) -> None:
        self._settled = settled or {}
        self._prefixes = prefixes or Prefixes()
        self._store = counters or SqlCounters()

    def spend(
        self, tx: Tx, policy: LimitPolicy, subject: str, *, now: datetime
    ) -> OverLimit | None:
        """Count a try for the subject; the refusal to raise after the commit, if it is over."""
        return self.spend_each(tx, (policy, subject), now=now)

    def spend_each(
        self, tx: Tx, *tries: tuple[LimitPolicy, str], now: datetime
    ) -> OverLimit | None:
        """The same for several subjects in one statement. What one of them refuses is not counted
        for those after it, an address's network among them: or whoever is over the limit already
        could use up what others may."""
        counters = [each for one in tries for each in self._counters(*one)]
        spent = self._store.spend(tx, {each.key: each.policy for each in counters}, now=now)
        for number, counter in enumerate(counters, start=1):
            refusal = _over(counter, *spent[counter.key], now)
            if refusal is not None:
                self._store.give_back(tx, [each.key for each in counters[number:]])
                return refusal
        return None

    def spent(self, tx: Tx, *tries: tuple[LimitPolicy, str], now: datetime) -> tuple[int, ...]:
        """How many tries each subject has made in its present window; counts nothing. Of an address
        whose network has used more of what it may, it is the same share of its own."""
        counted = [self._counters(policy, subject) for policy, subject in tries]
        found = self._store.spent(tx, [each.key for one in counted for each in one], now=now)

        def tries_of(own: _Counter, *networks: _Counter) -> int:
            shares = (
                found.get(each.key, 0) * own.policy.tries // max(1, each.policy.tries)
                for each in networks
            )
            return max(found.get(own.key, 0), *shares, 0)

        return tuple(tries_of(*each) for each in counted)

    def look(
        self, tx: Tx, *tries: tuple[LimitPolicy, str], now: datetime
    ) -> list[tuple[LimitPolicy, int]]:
        """As `spent`, with the networks', each beside the policy in force."""
        counters = [each for one in tries for each in self._counters(*one)]
        found = self._store.spent(tx, [each.key for each in counters], now=now)
        return [(each.policy, found.get(each.key, 0)) for each in counters]

    def clear(self, tx: Tx, policy: LimitPolicy, subject: str) -> None:
        """Forget the subject's tries, after a success."""
        self.clear_each(tx, (policy, subject))

    def clear_each(self, tx: Tx, *tries: tuple[LimitPolicy, str]) -> None:
        """The same for several, in one statement."""
        counters = [each for policy, subject in tries for each in self._counters(policy, subject)]
        self._store.clear(tx, [each.key for each in counters])

    def give_back(self, tx: Tx, policy: LimitPolicy, subject: str) -> None:
        """Uncount one try of a shared subject (an address), after a success."""
        self._store.give_back(tx, [each.key for each in self._counters(policy, subject)])

    def _counters(self, policy: LimitPolicy, subject: str) -> list[_Counter]:
        settled = self._settled.get(policy.name, policy)
        return [
            _Counter(_key(each, name), self._settled.get(each.name, each))
            for each, name in counted_for(settled, subject, self._prefixes)
        ]


def _key(policy: LimitPolicy, subject: str) -> str:
    return hashlib.sha256(f"{policy.name}\0{subject}".encode()).hexdigest()


def _over(counter: _Counter, spent: int, ends_at: datetime, now: datetime) -> OverLimit | None:
    policy = counter.policy
    if spent <= policy.tries:
        return None
    wait = max(1, math.ceil((ends_at - now).total_seconds()))
    return OverLimit(
        f"{policy.name}: {spent} of {policy.tries}",
        policy=policy,
        is_first=spent == policy.tries + 1,
        retry_after_seconds=wait,
    )
