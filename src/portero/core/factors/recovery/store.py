"""The table of recovery codes: hashes of those that are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from portero.kit.db import Tx, metadata

recovery_codes: Final = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("account_id", sa.String(36), nullable=False, index=True),
)


def add(tx: Tx, account_id: str, authenticator_id: str, hashes: Sequence[str]) -> None:
    rows = [
        {"code_hash": each, "authenticator_id": authenticator_id, "account_id": account_id}
        for each in hashes
    ]
    tx.execute(recovery_codes.insert(), rows)


def spend(tx: Tx, account_id: str, code_hash: str) -> str | None:
    """Use it up: of parallel tries one. The set that it was of, None for a wrong or used one."""
    return tx.execute(
        recovery_codes.delete()
        .where(recovery_codes.c.account_id == account_id, recovery_codes.c.code_hash == code_hash)
        .returning(recovery_codes.c.authenticator_id)
    ).scalar_one_or_none()


def count(tx: Tx, account_id: str) -> int:
    counted = sa.select(sa.func.count()).where(recovery_codes.c.account_id == account_id)
    return tx.execute(counted).scalar_one()
