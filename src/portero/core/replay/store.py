"""The table of identifiers that were shown. Showing one is a single conditional insert."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.kit.db import Tx, UtcTime, insert, metadata

spent_identifiers: Final = sa.Table(
    "spent_identifiers",
    metadata,
    # SHA-256 of kind, owner and identifier: two clients may choose one jti
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


def spend_once(tx: Tx, kind: str, owner: str, identifier: str, *, expires_at: datetime) -> bool:
    """Whether it was never shown before; of parallel tries exactly one is told so.

    `expires_at` is when it would be refused for its age: until then it is remembered.
    """
    key = hashlib.sha256(f"{kind}\0{owner}\0{identifier}".encode()).hexdigest()
    row = tx.execute(
        insert(tx, spent_identifiers)
        .values(key=key, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(spent_identifiers.c.key)
    ).one_or_none()
    return row is not None


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(
        spent_identifiers.delete().where(spent_identifiers.c.expires_at < before)
    ).rowcount
