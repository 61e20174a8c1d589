"""Enqueueing inside a verb's transaction, and what an operator does with jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from portero.core.outbox import store
from portero.core.outbox.model import JOB_ID, QUEUED_AT, DeadJob, JobState
from portero.kit.db import Database, Tx
from portero.kit.ports import Dice
from portero.kit.refusals import Missing
from portero.kit.vault import Unsealable, Vault


class Outbox:
    """`wake` is called at each enqueueing, before the commit: see `OutboxWorker.wake`."""

    def __init__(
        self, dice: Dice, vault: Vault, *, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._dice = dice
        self._vault = vault
        self._wake = wake

    def enqueue(
        self,
        tx: Tx,
        kind: str,
        payload: Mapping[str, object],
        *,
        now: datetime,
        due_at: datetime | None = None,
    ) -> str:
        """Write a job that exists if, and only if, the transaction commits; its id.

        The payload is JSON and is sealed at rest.
        """
        if JOB_ID in payload or QUEUED_AT in payload:
            raise ValueError(f"{JOB_ID} and {QUEUED_AT} are added by the worker")
        job_id = self._dice.new_id()
        plain = json.dumps(dict(payload), ensure_ascii=False).encode()
        sealed = self._vault.seal(plain, context=seal_context(job_id))
        store.add(tx, job_id, kind, sealed, now=now, due_at=due_at or now)
        self._wake()
        return job_id


class OutboxDesk:
    """What the command line does with jobs."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def list_dead(self) -> list[DeadJob]:
        return self._db.read(store.list_dead)

    def queue_lengths(self) -> list[tuple[str, float]]:
        """The waiting and the dead jobs as gauges, for metrics."""
        counted = self._db.read(store.count_by_state)
        states = (JobState.PENDING, JobState.DEAD)
        return [(f'portero_outbox_jobs{{state="{s}"}}', float(counted.get(s, 0))) for s in states]

    def retry(self, job_id: str, *, now: datetime) -> None:
        """Let a dead job be tried again from the start; raises `Missing`."""
        if not self._db.write(lambda tx: store.revive(tx, job_id, now=now)):
            raise Missing(f"no dead job {job_id}")

    def reseal(self) -> int:
        """Seal every waiting or dead payload under the present SECRET_KEY; how many changed. One
        whose key is no longer configured is left as it is: nobody can open it."""
        present = f"{self._vault.key_id}."
        old = [
            each for each in self._db.read(store.sealed_payloads) if not each[1].startswith(present)
        ]
        return sum(self._db.write(self._reseal_one(*each)) for each in old)

    def _reseal_one(self, job_id: str, old: str) -> Callable[[Tx], int]:
        context = seal_context(job_id)
        try:
            new = self._vault.seal(self._vault.open(old, context=context), context=context)
        except Unsealable:
            return lambda tx: 0
        return lambda tx: int(store.reseal(tx, job_id, old=old, new=new))


def seal_context(job_id: str) -> str:
    return f"outbox:{job_id}"
