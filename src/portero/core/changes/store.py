"""The table of recent changes. Rows are added, read by time, and forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.changes.model import Change, ChangeKind
from portero.kit.db import Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

changes: Final = sa.Table(
    "changes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
)

_add: Final = changes.insert()
_since: Final = Prepared(
    sa.select(changes).where(changes.c.at >= sa.bindparam("since")).order_by(changes.c.at)
)


def add(tx: Tx, rows: list[Change]) -> None:
    tx.execute(_add, [{"id": r.id, "at": r.at, "kind": r.kind, "subject": r.subject} for r in rows])


def since(tx: Tx, moment: datetime) -> list[Change]:
    rows = _since.rows(tx, {"since": moment})
    return [Change(r["id"], r["at"], ChangeKind(r["kind"]), r["subject"]) for r in rows]


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(changes.delete().where(changes.c.at < before)).rowcount
