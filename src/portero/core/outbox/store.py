"""The table of jobs. Claiming is one conditional update; finishing needs the lease."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from portero.core.outbox.model import ClaimedJob, DeadJob, JobState
from portero.kit.db import Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

outbox_jobs: Final = sa.Table(
    "outbox_jobs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(64), nullable=False),
    # Sealed, because a mail holds a link that opens an account; empty when done.
    sa.Column("payload_sealed", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcTime),
    sa.Column("lease_id", sa.String(36)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("last_error", sa.String(200), nullable=False),
    sa.Column("finished_at", UtcTime),
    sa.Index("ix_outbox_jobs_state_due_at", "state", "due_at"),
)

_CLAIMED: Final = [outbox_jobs.c[name] for name in ClaimedJob.__slots__]
_DEAD: Final = [outbox_jobs.c[name] for name in DeadJob.__slots__]


def add(
    tx: Tx, job_id: str, kind: str, payload_sealed: str, *, now: datetime, due_at: datetime
) -> None:
    tx.execute(
        outbox_jobs.insert().values(
            id=job_id,
            kind=kind,
            payload_sealed=payload_sealed,
            created_at=now,
            due_at=due_at,
            attempts=0,
            state=JobState.PENDING,
            last_error="",
        )
    )


def claim(
    tx: Tx,
    *,
    kinds: Collection[str],
    lease_id: str,
    leased_until: datetime,
    now: datetime,
    most: int,
) -> list[ClaimedJob]:
    """Lease up to `most` due jobs, the oldest first; of parallel claims no two get the same job.

    PostgreSQL passes over rows that another claim has locked (SQLite has one writer, and ignores
    FOR UPDATE). The choice is MATERIALIZED: inlined, it may run once per row and lock more.
    """
    lease = {"lease": lease_id, "until": leased_until, "now": now, "most": most}
    rows = _claim(frozenset(kinds)).rows(tx, lease)
    # UUIDv7: the order of ids is the order in which the jobs were enqueued.
    return sorted((ClaimedJob(**row) for row in rows), key=lambda job: job.id)


@lru_cache
def _claim(kinds: frozenset[str]) -> Prepared:
    now = sa.bindparam("now", type_=UtcTime)
    due = (
        sa.select(outbox_jobs.c.id)
        .where(
            outbox_jobs.c.state == JobState.PENDING,
            outbox_jobs.c.due_at <= now,
            sa.or_(outbox_jobs.c.leased_until.is_(None), outbox_jobs.c.leased_until <= now),
            sa.or_(sa.false(), *(outbox_jobs.c.kind == kind for kind in sorted(kinds))),
        )
        .order_by(outbox_jobs.c.due_at)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return Prepared(
        outbox_jobs.update()
        .where(outbox_jobs.c.id.in_(sa.select(due.c.id)))
        .values(
            lease_id=sa.bindparam("lease"),
            leased_until=sa.bindparam("until"),
            attempts=outbox_jobs.c.attempts + 1,
        )
        .returning(*_CLAIMED)
    )


def finish(tx: Tx, job: ClaimedJob, *, now: datetime) -> bool:
    """Done: forget the payload. False when the lease had passed to another worker."""
    values = {"state": JobState.DONE, "payload_sealed": "", "last_error": "", "finished_at": now}
    return _under_lease(tx, job, values)


def postpone(tx: Tx, job: ClaimedJob, *, due_at: datetime, error: str) -> bool:
    return _under_lease(tx, job, {"due_at": due_at, "last_error": error})


def bury(tx: Tx, job: ClaimedJob, *, now: datetime, error: str) -> bool:
    return _under_lease(tx, job, {"state": JobState.DEAD, "last_error": error, "finished_at": now})


def give_back(tx: Tx, job: ClaimedJob) -> bool:
    """Untouched: the try does not count."""
    return _under_lease(tx, job, {"attempts": outbox_jobs.c.attempts - 1})


def _under_lease(tx: Tx, job: ClaimedJob, values: dict[str, Any]) -> bool:
    changed = tx.execute(
        outbox_jobs.update()
        .where(
            outbox_jobs.c.id == job.id,
            outbox_jobs.c.lease_id == job.lease_id,
            outbox_jobs.c.state == JobState.PENDING,
        )
        .values(lease_id=None, leased_until=None, **values)
    )
    return changed.rowcount == 1


def list_dead(tx: Tx) -> list[DeadJob]:
    """The given-up jobs, the newest first."""
    rows = tx.execute(
        sa.select(*_DEAD)
        .where(outbox_jobs.c.state == JobState.DEAD)
        .order_by(outbox_jobs.c.finished_at.desc(), outbox_jobs.c.id)
    )
    return [DeadJob(**row._mapping) for row in rows]


def count_by_state(tx: Tx) -> dict[str, int]:
    """How many jobs there are of each state that has some."""
    rows = tx.execute(
        sa.select(outbox_jobs.c.state, sa.func.count().label("jobs")).group_by(outbox_jobs.c.state)
    )
    return {row.state: row.jobs for row in rows}


def revive(tx: Tx, job_id: str, *, now: datetime) -> bool:
    """Make a dead job pending and due, with all its tries; False when there is no such one."""
    changed = tx.execute(
        outbox_jobs.update()
        .where(outbox_jobs.c.id == job_id, outbox_jobs.c.state == JobState.DEAD)
        .values(state=JobState.PENDING, due_at=now, attempts=0, finished_at=None, last_error="")
    )
    return changed.rowcount == 1


_finished, _state = outbox_jobs.c.finished_at, outbox_jobs.c.state
_purge: Final = Prepared(
    outbox_jobs.delete().where(
        sa.or_(
            sa.and_(_state == JobState.DONE, _finished < sa.bindparam("done_before")),
            sa.and_(_state == JobState.DEAD, _finished < sa.bindparam("dead_before")),
        )
    )
)


def purge(tx: Tx, *, done_before: datetime, dead_before: datetime) -> int:
    return _purge.run(tx, {"done_before": done_before, "dead_before": dead_before})


def sealed_payloads(tx: Tx) -> Sequence[tuple[str, str]]:
    """(id, sealed payload) of every job that has one."""
    rows = tx.execute(
        sa.select(outbox_jobs.c.id, outbox_jobs.c.payload_sealed).where(
            outbox_jobs.c.payload_sealed != ""
        )
    )
    return [(row.id, row.payload_sealed) for row in rows]


def reseal(tx: Tx, job_id: str, *, old: str, new: str) -> bool:
    """Replace the sealed payload, if it still is the one that was read."""
    changed = tx.execute(
        outbox_jobs.update()
        .where(outbox_jobs.c.id == job_id, outbox_jobs.c.payload_sealed == old)
        .values(payload_sealed=new)
    )
    return changed.rowcount == 1
