"""What all processes have counted in each window, and the one row of where the alarm stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.stuffing.model import NETWORKS, Band, Figures, Standing
from portero.kit.db import Tx, UtcTime, insert, metadata

_ROW: Final = 1

stuffing_windows: Final = sa.Table(
    "stuffing_windows",
    metadata,
    sa.Column("began_at", UtcTime, primary_key=True),
    sa.Column("successes", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
)

# Whose sign-ins failed, and from which network, under a key and of one window (`tally.py`).
stuffing_names: Final = sa.Table(
    "stuffing_names",
    metadata,
    sa.Column("window_at", UtcTime, primary_key=True),
    sa.Column("network", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
)

stuffing_standing: Final = sa.Table(
    "stuffing_standing",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("window_at", UtcTime, nullable=False),
    sa.Column("ratio_mean", sa.Float, nullable=False),
    sa.Column("ratio_deviation", sa.Float, nullable=False),
    sa.Column("names_mean", sa.Float, nullable=False),
    sa.Column("names_deviation", sa.Float, nullable=False),
    sa.Column("opened_at", UtcTime),
    sa.Column("calm_windows", sa.Integer, nullable=False),
)


def add(
    tx: Tx,
    window_at: datetime,
    *,
    successes: int,
    failures: int,
    names: Collection[tuple[str, str]],
) -> None:
    """In the order of names: two processes that write at once never lock crosswise."""
    made = insert(tx, stuffing_windows).values(
        began_at=window_at, successes=successes, failures=failures
    )
    counted = stuffing_windows.c
    tx.execute(
        made.on_conflict_do_update(
            index_elements=[counted.began_at],
            set_={
                "successes": counted.successes + made.excluded.successes,
                "failures": counted.failures + made.excluded.failures,
            },
        )
    )
    if names:
        tx.execute(
            insert(tx, stuffing_names).on_conflict_do_nothing(),
            [{"window_at": window_at, "network": n, "name": who} for n, who in sorted(names)],
        )


def figures(tx: Tx, window_at: datetime) -> Figures:
    counted = tx.execute(
        sa.select(stuffing_windows.c.successes, stuffing_windows.c.failures).where(
            stuffing_windows.c.began_at == window_at
        )
    ).one_or_none()
    if counted is None:
        return Figures()
    names = tx.execute(
        sa.select(sa.func.count().label("names"))
        .where(stuffing_names.c.window_at == window_at)
        .group_by(stuffing_names.c.network)
        .order_by(sa.desc("names"))
        .offset(NETWORKS - 1)
        .limit(1)
    ).scalar()
    return Figures(counted.successes, counted.failures, names or 0)


def load(tx: Tx) -> Standing | None:
    row = tx.execute(
        sa.select(stuffing_standing).where(stuffing_standing.c.id == _ROW)
    ).one_or_none()
    if row is None:
        return None
    return Standing(
        row.window_at,
        Band(row.ratio_mean, row.ratio_deviation),
        Band(row.names_mean, row.names_deviation),
        row.opened_at,
        row.calm_windows,
    )


def begin(tx: Tx, standing: Standing) -> None:
    """The row, where there is none yet."""
    row = {"id": _ROW, **_values(standing)}
    tx.execute(insert(tx, stuffing_standing).values(row).on_conflict_do_nothing())


def close_window(tx: Tx, window_at: datetime, standing: Standing) -> bool:
    """Of the processes that see the same window end exactly one is told so."""
    changed = tx.execute(
        stuffing_standing.update()
        .where(stuffing_standing.c.id == _ROW, stuffing_standing.c.window_at == window_at)
        .values(_values(standing))
    )
    return changed.rowcount == 1


def open_alarm(tx: Tx, *, at: datetime) -> bool:
    """Whether it was off."""
    changed = tx.execute(
        stuffing_standing.update()
        .where(stuffing_standing.c.id == _ROW, stuffing_standing.c.opened_at.is_(None))
        .values(opened_at=at, calm_windows=0)
    )
    return changed.rowcount == 1


def purge_windows(tx: Tx, *, before: datetime) -> int:
    return tx.execute(
        stuffing_windows.delete().where(stuffing_windows.c.began_at < before)
    ).rowcount


def purge_names(tx: Tx, *, before: datetime) -> int:
    return tx.execute(stuffing_names.delete().where(stuffing_names.c.window_at < before)).rowcount


def _values(standing: Standing) -> dict[str, object]:
    return {
        "window_at": standing.window_at,
        "ratio_mean": standing.ratio.mean,
        "ratio_deviation": standing.ratio.deviation,
        "names_mean": standing.names.mean,
        "names_deviation": standing.names.deviation,
        "opened_at": standing.opened_at,
        "calm_windows": standing.calm_windows,
    }
