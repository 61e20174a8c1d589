"""Counting sign-ins in memory, and the step that writes them and moves the alarm.

What a kill -9 can lose is the last second of counts; the alarm itself and what it learned are rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.limits import network_of
from portero.core.stuffing import rules, store
from portero.core.stuffing.events import StuffingBegan, StuffingEnded
from portero.core.stuffing.model import Figures, Standing
from portero.core.stuffing.tally import Counted, Tally
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

STEP_SECONDS: Final = 1.0


class StuffingAlarm:
    """`is_on` is what the last step of this process saw: it asks nobody."""

    def __init__(self, db: Database, clock: Clock, audit: AuditLog, *, key: bytes) -> None:
        """`key` hashes names; it is the same in all processes."""
        self._db = db
        self._clock = clock
        self._audit = audit
        self._tally = Tally(key)
        self.is_on = False

    def failed(self, address: str, name: str) -> None:
        """A password was wrong; `name` is whose, or what was typed where it is nobody's."""
        self._tally.failed(rules.window_of(self._clock.now()), network_of(address), name)

    def succeeded(self, name: str) -> None:
        self._tally.succeeded(rules.window_of(self._clock.now()), name)

    def step(self) -> None:
        """Write what was counted here, and see what all have counted."""
        now = self._clock.now()
        taken = self._tally.take()
        try:
            standing = self._standing(taken, now)
        except Exception:
            self._tally.put_back(taken)
            raise
        self.is_on = standing.opened_at is not None

    def look(self) -> tuple[Standing, Figures]:
        """Where it stands, and the present window so far."""
        now = self._clock.now()

        def unit(tx: Tx) -> tuple[Standing, Figures]:
            standing = store.load(tx) or rules.new_standing(now)
            return standing, store.figures(tx, rules.window_of(now))

        return self._db.read(unit)

    def gauges(self) -> list[tuple[str, float]]:
        """For a scrape of metrics, from the database: of all processes."""
        standing, figures = self.look()
        return [
            ("portero_stuffing_alarm", float(standing.opened_at is not None)),
            ("portero_sign_in_failure_ratio", figures.failure_ratio),
            ("portero_sign_in_failure_ratio_edge", rules.edge_of_ratio(standing)),
        ]

    def _standing(self, taken: dict[datetime, Counted], now: datetime) -> Standing:
        if not taken:
            found = self._db.read(store.load)
            if found is not None and found.window_at >= rules.window_of(now):
                return found
        return self._db.write(lambda tx: self._step_in(tx, taken, now))

    def _step_in(self, tx: Tx, taken: dict[datetime, Counted], now: datetime) -> Standing:
        for window_at, counted in sorted(taken.items()):
            store.add(
                tx,
                window_at,
                successes=counted.successes,
                failures=counted.failures,
                names=counted.names,
            )
        standing = store.load(tx)
        if standing is None:
            store.begin(tx, rules.new_standing(now))
            standing = store.load(tx) or rules.new_standing(now)
        for window_at in sorted(taken):  # what came late too: of one that is over, or is closed now
            standing = self._judge_in(tx, standing, window_at, now)
        if standing.window_at < rules.window_of(now):
            standing = self._close_window_in(tx, standing, now)
        return standing

    def _close_window_in(self, tx: Tx, standing: Standing, now: datetime) -> Standing:
        after = rules.after(standing, store.figures(tx, standing.window_at), now)
        if not store.close_window(tx, standing.window_at, after):
            return store.load(tx) or after
        if standing.opened_at is not None and after.opened_at is None:
            ended = StuffingEnded(since=standing.opened_at.isoformat())
            self._audit.record(tx, Actor.system(), now, ended)
        return after

    def _judge_in(self, tx: Tx, standing: Standing, window_at: datetime, now: datetime) -> Standing:
        if standing.opened_at is not None:
            return standing
        figures = store.figures(tx, window_at)
        sign = rules.sign_of(standing, figures)
        if sign is None:
            return standing
        if store.open_alarm(tx, at=now):
            began = StuffingBegan(
                sign=sign,
                failures=figures.failures,
                successes=figures.successes,
                names_by_network=figures.names_by_network,
            )
            self._audit.record(tx, Actor.system(), now, began)
        return store.load(tx) or standing
