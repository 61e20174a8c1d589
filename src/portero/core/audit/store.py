"""The table of audit entries. Rows are added and read, never changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

import sqlalchemy as sa

from portero.core.audit.model import ActorKind, Entry, Outcome
from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

audit_entries: Final = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_id", sa.String(255), nullable=False),
    sa.Column("account_id", sa.String(36), nullable=False),
    sa.Column("session_id", sa.String(36), nullable=False),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("factor", sa.String(32), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("user_agent", sa.String(512), nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Index("ix_audit_entries_account_id_id", "account_id", "id"),
    sa.Index("ix_audit_entries_kind_id", "kind", "id"),
)

_NAMES: Final = tuple(audit_entries.c.keys())  # those of an Entry
_values_of: Final = attrgetter(*_NAMES)
_append: Final = Prepared(audit_entries.insert(), _NAMES)


def append(tx: Tx, rows: Sequence[Entry]) -> None:
    _append.run_many(tx, [_row(entry) for entry in rows])


def list_entries(
    tx: Tx,
    *,
    kinds: Collection[str] | None = None,
    account_id: str | None = None,
    before_id: str | None = None,
    since: datetime | None = None,
    but: sa.ColumnElement[bool] | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest entries first; `before_id` is where the last page ended. `since` bounds what is
    looked at, by the time in the ids; those of which `but` is true are passed over, and count
    nothing towards the limit."""
    query = sa.select(audit_entries).order_by(audit_entries.c.id.desc()).limit(limit)
    if kinds is not None:
        query = query.where(audit_entries.c.kind.in_(kinds))
    if account_id is not None:
        query = query.where(audit_entries.c.account_id == account_id)
    if before_id is not None:
        query = query.where(audit_entries.c.id < before_id)
    if since is not None:
        query = query.where(audit_entries.c.id >= _first_id(since))
    if but is not None:
        query = query.where(~but)
    return [_entry(row) for row in tx.execute(query)]


def _first_id(moment: datetime) -> str:
    """Not above any UUIDv7 of that moment or later (RFC 9562 §5.7: milliseconds come first)."""
    milliseconds = f"{int(moment.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"


def find(tx: Tx, entry_id: str) -> Entry | None:
    row = tx.execute(sa.select(audit_entries).where(audit_entries.c.id == entry_id)).one_or_none()
    return None if row is None else _entry(row)


def _row(entry: Entry) -> dict[str, object]:
    return dict(zip(_NAMES, _values_of(entry), strict=True))


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    values = dict(row._mapping)
    values["outcome"] = Outcome(values["outcome"])
    values["actor_kind"] = ActorKind(values["actor_kind"])
    return Entry(**values)
