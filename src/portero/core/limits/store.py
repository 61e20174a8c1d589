"""The counters. One statement counts a try and tells how many there were."""

from __future__ import annotations

from collections.abc import Mapping
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


def spend(
    tx: Tx, tries: Mapping[str, LimitPolicy], *, now: datetime
) -> dict[str, tuple[int, datetime]]:
    """Count one try under each key; by key, how many there were in this window, and its end.

    One upsert, which locks its rows in the order of `tries`: of parallel tries each sees another
    count, and callers that name their keys in one order never lock crosswise.
    """
    counted = insert(tx, limit_counters).values(
        [
            {"key": key, "spent": 1, "window_ends_at": now + _window(policy)}
            for key, policy in tries.items()
        ]
    )
    over = limit_counters.c.window_ends_at <= now
    rows = tx.execute(
        counted.on_conflict_do_update(
            index_elements=[limit_counters.c.key],
            set_={
                "spent": sa.case((over, 1), else_=limit_counters.c.spent + 1),
                "window_ends_at": sa.case(
                    (over, counted.excluded.window_ends_at), else_=limit_counters.c.window_ends_at
                ),
            },
        ).returning(limit_counters.c.key, limit_counters.c.spent, limit_counters.c.window_ends_at)
    )
    return {row.key: (row.spent, row.window_ends_at) for row in rows}


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


def _window(policy: LimitPolicy) -> timedelta:
    return timedelta(seconds=policy.window_seconds)
