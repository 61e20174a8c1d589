"""The counters. One statement counts a try and tells how many there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from portero.core.limits.model import LimitPolicy
from portero.kit.db import Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

limit_counters: Final = sa.Table(
    "limit_counters",
    metadata,
    # SHA-256 of policy name and subject: names and addresses need not lie here in clear
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("spent", sa.Integer, nullable=False),
    sa.Column("window_ends_at", UtcTime, nullable=False, index=True),
)


class SqlCounters:
    """`Counters` in the database of the verb: counted with its transaction."""

    def spend(
        self, tx: Tx, tries: Mapping[str, LimitPolicy], *, now: datetime
    ) -> dict[str, tuple[int, datetime]]:
        """One upsert, which locks its rows in the order of `tries`: callers that name their keys in
        one order never lock crosswise."""
        values: dict[str, object] = {"now": now}
        for number, (key, policy) in enumerate(tries.items()):
            values[f"key_{number}"] = key
            values[f"ends_{number}"] = now + timedelta(seconds=policy.window_seconds)
        rows = _spend(len(tries)).rows(tx, values)
        return {row["key"]: (row["spent"], row["window_ends_at"]) for row in rows}

    def spent(self, tx: Tx, keys: Sequence[str], *, now: datetime) -> dict[str, int]:
        rows = tx.execute(
            sa.select(limit_counters.c.key, limit_counters.c.spent).where(
                limit_counters.c.key.in_(keys), limit_counters.c.window_ends_at > now
            )
        )
        return {row.key: row.spent for row in rows}

    def give_back(self, tx: Tx, keys: Sequence[str]) -> None:
        """In the order of the keys."""
        if keys:
            values = {f"key_{number}": key for number, key in enumerate(keys)}
            _give_back(len(keys)).run(tx, {**values, "over": _LONG_AGO})

    def clear(self, tx: Tx, keys: Sequence[str]) -> None:
        """In the order of the keys, too."""
        values = {f"key_{number}": key for number, key in enumerate(keys)}
        _clear(len(keys)).run(tx, {**values, "over": _LONG_AGO})


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(
        limit_counters.delete().where(limit_counters.c.window_ends_at < before)
    ).rowcount


@lru_cache
def _spend(keys: int) -> Prepared:
    """The upsert for so many keys. Text, because SQLAlchemy compiles an insert of several rows
    anew each time, which costs as much as all the other statements of a login together."""
    rows = ", ".join(f"(:key_{number}, 1, :ends_{number})" for number in range(keys))
    times = [sa.bindparam(f"ends_{number}", type_=UtcTime) for number in range(keys)]
    counted = sa.text(
        f"INSERT INTO limit_counters (key, spent, window_ends_at) VALUES {rows}"  # noqa: S608  # of numbers only
        " ON CONFLICT (key) DO UPDATE SET"
        " spent = CASE WHEN limit_counters.window_ends_at <= :now"
        " THEN 1 ELSE limit_counters.spent + 1 END,"
        " window_ends_at = CASE WHEN limit_counters.window_ends_at <= :now"
        " THEN excluded.window_ends_at ELSE limit_counters.window_ends_at END"
        " RETURNING key, spent, window_ends_at"
    )
    return Prepared(
        counted.bindparams(sa.bindparam("now", type_=UtcTime), *times).columns(
            limit_counters.c.key, limit_counters.c.spent, limit_counters.c.window_ends_at
        )
    )


@lru_cache
def _give_back(keys: int) -> Prepared:
    """An upsert too, because an UPDATE of several rows locks them in whatever order it finds them
    in, and not in that of `spend`. What is not there gets a row whose window is over."""
    rows = ", ".join(f"(:key_{number}, 0, :over)" for number in range(keys))
    return Prepared(
        sa.text(
            f"INSERT INTO limit_counters (key, spent, window_ends_at) VALUES {rows}"  # noqa: S608  # of numbers only
            " ON CONFLICT (key) DO UPDATE SET spent ="
            " CASE WHEN limit_counters.spent > 0 THEN limit_counters.spent - 1 ELSE 0 END"
        ).bindparams(sa.bindparam("over", type_=UtcTime))
    )


@lru_cache
def _clear(keys: int) -> Prepared:
    """Rows whose window is over: a DELETE of several locks them in the order it finds them in."""
    rows = ", ".join(f"(:key_{number}, 0, :over)" for number in range(keys))
    return Prepared(
        sa.text(
            f"INSERT INTO limit_counters (key, spent, window_ends_at) VALUES {rows}"  # noqa: S608  # of numbers only
            " ON CONFLICT (key) DO UPDATE SET spent = 0, window_ends_at = :over"
        ).bindparams(sa.bindparam("over", type_=UtcTime))
    )
