"""The table of pushed requests. Using one up is a single conditional statement."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.provider.par.model import Pushed
from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.protocol.oauth.parameters import Parameters

pushed_requests: Final = sa.Table(
    "pushed_requests",
    metadata,
    # SHA-256 of the request_uri
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("client_id", sa.String(255), nullable=False),
    # by name, a list of values; dpop_jkt among them, said or proven
    sa.Column("parameters", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("used_at", UtcTime),
)


def add(tx: Tx, pushed: Pushed, *, now: datetime, expires_at: datetime) -> None:
    values = {name: list(each) for name, each in pushed.parameters.as_mapping().items()}
    tx.execute(
        pushed_requests.insert().values(
            id=pushed.id,
            client_id=pushed.client_id,
            parameters=values,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_waiting(tx: Tx, pushed_id: str, client_id: str, *, now: datetime) -> Pushed | None:
    """The client's own request, unused and in time. A look spends nothing: pages are reloaded."""
    row = tx.execute(
        sa.select(pushed_requests.c.parameters).where(
            *_unused(pushed_id, client_id), pushed_requests.c.expires_at > now
        )
    ).one_or_none()
    if row is None:
        return None
    values = {name: tuple(each) for name, each in row.parameters.items()}
    return Pushed(pushed_id, client_id, Parameters(values))


def use(tx: Tx, pushed_id: str, client_id: str, *, now: datetime) -> bool:
    """Mark it used; of any number of parallel tries exactly one is told True.

    Its time may be over by now: that is for beginning, and signing in takes as long as it takes.
    """
    row = tx.execute(
        pushed_requests.update()
        .where(*_unused(pushed_id, client_id))
        .values(used_at=now)
        .returning(pushed_requests.c.id)
    ).one_or_none()
    return row is not None


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget requests that expired before then."""
    return tx.execute(
        pushed_requests.delete().where(pushed_requests.c.expires_at < before)
    ).rowcount


def _unused(pushed_id: str, client_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        pushed_requests.c.id == pushed_id,
        pushed_requests.c.client_id == client_id,
        pushed_requests.c.used_at.is_(None),
    )
