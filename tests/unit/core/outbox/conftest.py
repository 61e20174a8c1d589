"""An outbox over a real database, with a clock that tests move and a deliverer that keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest
import sqlalchemy as sa

from portero.core.outbox import JOB_ID, Outbox, OutboxDesk, OutboxWorker
from portero.core.outbox.store import outbox_jobs
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from tests.support.house import MovableClock

KIND = "note"


def refuse_nothing(payload: Mapping[str, object]) -> None:
    pass


@dataclass(slots=True)
class Doorstep:
    """Where jobs arrive. `first` is called with each payload and may refuse it."""

    first: Callable[[Mapping[str, object]], None] = refuse_nothing
    payloads: list[Mapping[str, object]] = field(default_factory=list)
    tries: list[datetime] = field(default_factory=list)

    @property
    def job_ids(self) -> list[str]:
        return [str(payload[JOB_ID]) for payload in self.payloads]


@dataclass(frozen=True, slots=True)
class Post:
    db: Database
    clock: MovableClock
    vault: Vault
    doorstep: Doorstep
    outbox: Outbox
    worker: OutboxWorker
    desk: OutboxDesk

    def put(self, text: str = "hello", *, due_at: datetime | None = None) -> str:
        def unit(tx: sa.Connection) -> str:
            now = self.clock.now()
            return self.outbox.enqueue(tx, KIND, {"text": text}, now=now, due_at=due_at)

        return self.db.write(unit)

    def another_worker(self, **more: int) -> OutboxWorker:
        return OutboxWorker(
            self.db, self.clock, SystemDice(), self.vault, {KIND: self.take}, **more
        )

    def take(self, payload: Mapping[str, object]) -> None:
        self.doorstep.tries.append(self.clock.now())
        self.doorstep.first(payload)
        self.doorstep.payloads.append(payload)

    def row(self, job_id: str) -> sa.Row[tuple[object, ...]]:
        return self.db.read(
            lambda tx: tx.execute(sa.select(outbox_jobs).where(outbox_jobs.c.id == job_id)).one()
        )


@pytest.fixture
def post(db: Database) -> Post:
    clock, dice = MovableClock(), SystemDice()
    vault = Vault([Secret("a key of the outbox's tests, 32 bytes")])
    doorstep = Doorstep()

    def take(payload: Mapping[str, object]) -> None:
        made.take(payload)

    worker = OutboxWorker(db, clock, dice, vault, {KIND: take})
    outbox = Outbox(dice, vault, wake=worker.wake)
    made = Post(db, clock, vault, doorstep, outbox, worker, OutboxDesk(db, vault))
    return made
