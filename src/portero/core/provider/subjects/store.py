"""The table of pairwise subjects. Each is made by one statement, and never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.kit.db import Tx, UtcTime, insert, metadata

pairwise_subjects: Final = sa.Table(
    "pairwise_subjects",
    metadata,
    sa.Column("sector", sa.String(255), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("subject", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False),
)


def pairwise_subject(tx: Tx, sector: str, account_id: str, made: str, *, now: datetime) -> str:
    """The account's name in that sector: the one that it has, or from now on `made`."""
    row = tx.execute(
        insert(tx, pairwise_subjects)
        .values(sector=sector, account_id=account_id, subject=made, created_at=now)
        .on_conflict_do_update(
            index_elements=[pairwise_subjects.c.sector, pairwise_subjects.c.account_id],
            set_={"account_id": account_id},  # changes nothing, and lets RETURNING tell the row
        )
        .returning(pairwise_subjects.c.subject)
    ).one()
    return str(row.subject)


def find_pairwise(tx: Tx, subject: str) -> str:
    """Whose name that is, in whatever sector; '' for nobody's."""
    found = tx.execute(
        sa.select(pairwise_subjects.c.account_id).where(pairwise_subjects.c.subject == subject)
    ).scalar_one_or_none()
    return found or ""
