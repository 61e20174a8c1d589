"""The counters. One statement counts a try and tells how many there were."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from portero.core.limits.model import LimitPolicy
from portero.kit.db import Tx, UtcTime, insert, metadata

limit_counters: Final = sa.Table(
    "limit_counters",
    metadata,
    # SHA-256 of policy name and subject: names and addresses need not lie here in clear
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("spent", sa.Integer, nullable=False),
    sa.Column("window_ends_at", UtcTime, nullable=False, index=True),
)


def spend(tx: Tx, key: str, policy: LimitPolicy, *, now: datetime) -> tuple[int, datetime]:
    """Count one try; how many there were in this window, and when it ends.

    The upsert locks its row, so of parallel tries each sees another count.
    """
    window_ends_at = now + timedelta(seconds=policy.window_seconds)
    over = limit_counters.c.window_ends_at <= now
    statement = insert(tx, limit_counters).values(key=key, spent=1, window_ends_at=window_ends_at)
    row = tx.execute(
        statement.on_conflict_do_update(
            index_elements=[limit_counters.c.key],
            set_={
                "spent": sa.case((over, 1), else_=limit_counters.c.spent + 1),
                "window_ends_at": sa.case(
                    (over, window_ends_at), else_=limit_counters.c.window_ends_at
                ),
            },
        ).returning(limit_counters.c.spent, limit_counters.c.window_ends_at)
    ).one()
    return row.spent, row.window_ends_at


def clear(tx: Tx, key: str) -> None:
    tx.execute(limit_counters.delete().where(limit_counters.c.key == key))


def give_back(tx: Tx, key: str) -> None:
    tx.execute(
        limit_counters.update()
        .where(limit_counters.c.key == key, limit_counters.c.spent > 0)
        .values(spent=limit_counters.c.spent - 1)
    )


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(
        limit_counters.delete().where(limit_counters.c.window_ends_at < before)
    ).rowcount
