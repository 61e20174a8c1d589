"""Counting in SQL while the faster store is away: a limit that nobody counts would be none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from portero.core.limits.model import LimitPolicy
from portero.core.limits.ports import Counters, CountersGone
from portero.kit.db import Tx, after_commit, after_rollback
from portero.kit.ports import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds until it is asked again. Each question may cost one request the store's timeout, and on
# SQLite all others wait with that one.
ASKED_AGAIN_SECONDS: Final = 5.0


class WithFallback:
    """`Counters` of `fast`, and of `sql` while that is away. What was counted in the one is not
    known to the other: an outage may give a subject its tries once more, and never more than that.
    """

    def __init__(self, fast: Counters, sql: Counters, clock: Clock) -> None:
        self._fast = fast
        self._sql = sql
        self._clock = clock
        self._lock = threading.Lock()
        self._away = False
        self._ask_at = 0.0

    def spend(
        self, tx: Tx, tries: Mapping[str, LimitPolicy], *, now: datetime
    ) -> dict[str, tuple[int, datetime]]:
        def fast() -> dict[str, tuple[int, datetime]]:
            answer = self._fast.spend(tx, tries, now=now)
            # The unit may be run again, and would count once more.
            after_rollback(tx, lambda: self._quietly(lambda: self._fast.give_back(tx, [*tries])))
            return answer

        return self._either(fast, lambda: self._sql.spend(tx, tries, now=now))

    def spent(self, tx: Tx, keys: Sequence[str], *, now: datetime) -> dict[str, int]:
        return self._either(
            lambda: self._fast.spent(tx, keys, now=now), lambda: self._sql.spent(tx, keys, now=now)
        )

    def give_back(self, tx: Tx, keys: Sequence[str]) -> None:
        """Where tries are counted just now. One that was counted in the other store stays counted,
        until its window ends."""
        if self._away:
            self._sql.give_back(tx, keys)
        else:
            self._after_commit(tx, lambda: self._fast.give_back(tx, keys))

    def clear(self, tx: Tx, keys: Sequence[str]) -> None:
        if self._away:
            self._sql.clear(tx, keys)
        else:
            self._after_commit(tx, lambda: self._fast.clear(tx, keys))

    def _either(self, fast: Callable[[], T], sql: Callable[[], T]) -> T:
        if not self._may_ask():
            return sql()
        try:
            answer = fast()
        except CountersGone as error:
            self._note_away(error)
            return sql()
        self._note_back()
        return answer

    def _after_commit(self, tx: Tx, effect: Callable[[], None]) -> None:
        """A success that is rolled back was none."""
        after_commit(tx, lambda: self._quietly(effect))

    def _quietly(self, effect: Callable[[], None]) -> None:
        """What fails now is not done again: the subject is counted as one that tried more, which is
        on the safe side. Effects in line do not each wait for a Redis that has just gone."""
        if self._away:
            return
        try:
            effect()
        except CountersGone as error:
            self._note_away(error)

    def _may_ask(self) -> bool:
        """Whether this call is to ask the fast store. While it is away, one in a while does, alone:
        the others do not wait for what it learns."""
        if not self._away:
            return True
        with self._lock:
            moment = self._clock.monotonic()
            if moment < self._ask_at:
                return False
            self._ask_at = moment + ASKED_AGAIN_SECONDS
            return True

    def _note_away(self, error: CountersGone) -> None:
        with self._lock:
            was_away, self._away = self._away, True
            self._ask_at = self._clock.monotonic() + ASKED_AGAIN_SECONDS
        if not was_away:
            log.warning("limits are counted in the database: %s", error)

    def _note_back(self) -> None:
        if not self._away:
            return
        with self._lock:
            was_away, self._away = self._away, False
        if was_away:
            log.warning("limits are counted in Redis again")
