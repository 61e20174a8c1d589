"""The worker: claims due jobs, delivers them with no transaction open, writes down the outcome.

At least once: a worker that is killed between delivering and writing it down leaves a lease that
expires, and the job is delivered again under the same id.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from portero.core.outbox import rules, store
from portero.core.outbox.flows import seal_context
from portero.core.outbox.model import (
    JOB_ID,
    QUEUED_AT,
    ClaimedJob,
    Deliverer,
    PermanentFailure,
)
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.vault import Unsealable, Vault

log = logging.getLogger(__name__)

# An enqueueing wakes the worker before it commits; on PostgreSQL the job may not be visible yet
# at the first look, so there is a second one this much later.
_SECOND_LOOK_SECONDS: Final = 0.05
_PURGE_EVERY: Final = timedelta(hours=1)


class OutboxWorker:
    """Claims only the kinds that it has a deliverer for, so that an older version running beside
    a newer one leaves what it does not know."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        dice: Dice,
        vault: Vault,
        deliverers: Mapping[str, Deliverer],
        *,
        batch: int = 10,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._vault = vault
        self._deliverers = dict(deliverers)
        self._batch = batch
        self._woken = threading.Event()

    def run(self, stop: threading.Event, poll_seconds: float = 1.0) -> None:
        """Deliver until `stop` is set; set it, then `wake()`, to end without waiting.

        The database is asked every `poll_seconds` for what other processes enqueued and for what
        has become due. An error of the database is logged and outlived.
        """
        purge_at = self._clock.now()
        while not stop.is_set():
            claimed = self._outlive(lambda: self.run_once(stop))
            if self._clock.now() >= purge_at:
                self._outlive(self.purge)
                purge_at = self._clock.now() + _PURGE_EVERY
            if claimed < self._batch and self._woken.wait(poll_seconds):
                self._woken.clear()
                if self._outlive(lambda: self.run_once(stop)) == 0:
                    stop.wait(_SECOND_LOOK_SECONDS)

    def wake(self) -> None:
        """Look for jobs now. Safe from any thread."""
        self._woken.set()

    def run_once(self, stop: threading.Event | None = None) -> int:
        """Claim one batch and try each job once; how many were claimed. What has not begun when
        `stop` is set is given back."""
        claimed = self._claim(self._batch)
        for job in claimed:
            self._try(job, stopped=stop is not None and stop.is_set())
        return len(claimed)

    def rehearse(self) -> None:
        """Ask what `run` asks, and take nothing."""
        self._claim(0)
        self.purge()

    def purge(self) -> int:
        """Delete what was finished long ago; how many."""
        now = self._clock.now()
        return self._db.write(
            lambda tx: store.purge(
                tx, done_before=now - rules.KEEP_DONE, dead_before=now - rules.KEEP_DEAD
            )
        )

    def _claim(self, most: int) -> list[ClaimedJob]:
        now = self._clock.now()
        lease_id = self._dice.new_id()

        def unit(tx: Tx) -> list[ClaimedJob]:
            return store.claim(
                tx,
                kinds=self._deliverers.keys(),
                lease_id=lease_id,
                leased_until=now + rules.LEASE,
                now=now,
                most=most,
            )

        return self._db.write(unit)

    def _try(self, job: ClaimedJob, *, stopped: bool) -> None:
        if stopped or job.leased_until - self._clock.now() < rules.LONGEST_DELIVERY:
            self._db.write(lambda tx: store.give_back(tx, job))
            return
        if job.attempts > rules.MAX_ATTEMPTS:
            # Each try ended with its worker: perhaps the job kills it.
            self._fail(job, PermanentFailure("no try ever came to an end"))
            return
        try:
            self._deliverers[job.kind](self._payload(job))
        except Exception as error:  # whatever a deliverer raises, the next job has its turn
            self._fail(job, error)
        else:
            done_at = self._clock.now()
            self._db.write(lambda tx: store.finish(tx, job, now=done_at))

    def _payload(self, job: ClaimedJob) -> dict[str, object]:
        try:
            plain = self._vault.open(job.payload_sealed, context=seal_context(job.id))
        except Unsealable as error:
            raise PermanentFailure("sealed under a SECRET_KEY that is not configured") from error
        return {**json.loads(plain), JOB_ID: job.id, QUEUED_AT: job.created_at.isoformat()}

    def _fail(self, job: ClaimedJob, error: Exception) -> None:
        now, reason = self._clock.now(), rules.reason_of(error)
        if isinstance(error, PermanentFailure) or job.attempts >= rules.MAX_ATTEMPTS:
            log.error("outbox job %s (%s) is dead: %s", job.id, job.kind, reason)
            self._db.write(lambda tx: store.bury(tx, job, now=now, error=reason))
            return
        roll = self._dice.token(64)
        due_at = now + rules.pause_after(error, attempts=job.attempts, roll=roll)
        log.warning(
            "outbox job %s (%s) failed at try %d: %s", job.id, job.kind, job.attempts, reason
        )
        self._db.write(lambda tx: store.postpone(tx, job, due_at=due_at, error=reason))

    def _outlive(self, step: Callable[[], int]) -> int:
        """What the step answers; 0 when the database failed it."""
        try:
            return step()
        except Exception as error:  # a thread that ends here would silently stop all mail
            log.error("the outbox worker could not go on: %s", rules.reason_of(error))
            return 0
