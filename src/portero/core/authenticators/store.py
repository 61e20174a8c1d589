"""The tables of authenticators, and of who owes one since when. A factor's own table refers to the
first, and its rows go with it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.authenticators.model import Authenticator, Due, FactorKind
from portero.kit.db import Tx, UtcTime, insert, metadata
from portero.kit.prepared import Prepared, Row

authenticators: Final = sa.Table(
    "authenticators",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("last_used_at", UtcTime),
)

second_factor_dues: Final = sa.Table(
    "second_factor_dues",
    metadata,
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("met_at", UtcTime, nullable=False),
    sa.Column("grace", sa.Boolean, nullable=False),
)

_of_account: Final = Prepared(
    sa.select(authenticators)
    .where(authenticators.c.account_id == sa.bindparam("account_id"))
    .order_by(authenticators.c.created_at, authenticators.c.id)
)


def add(tx: Tx, one: Authenticator) -> None:
    tx.execute(
        authenticators.insert().values(
            id=one.id,
            account_id=one.account_id,
            kind=one.kind,
            name=one.name,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
        )
    )


def list_of(tx: Tx, account_id: str) -> tuple[Authenticator, ...]:
    """All of the account's, the oldest first."""
    return tuple(_authenticator(row) for row in _of_account.rows(tx, {"account_id": account_id}))


def find(tx: Tx, account_id: str, authenticator_id: str) -> Authenticator | None:
    row = tx.execute(
        sa.select(authenticators).where(
            authenticators.c.account_id == account_id, authenticators.c.id == authenticator_id
        )
    ).one_or_none()
    return None if row is None else _authenticator(dict(row._mapping))


def rename(tx: Tx, account_id: str, authenticator_id: str, name: str) -> bool:
    changed = tx.execute(
        authenticators.update()
        .where(authenticators.c.account_id == account_id, authenticators.c.id == authenticator_id)
        .values(name=name)
    )
    return changed.rowcount == 1


def touch(tx: Tx, authenticator_id: str, *, now: datetime) -> None:
    """It was used."""
    tx.execute(
        authenticators.update()
        .where(authenticators.c.id == authenticator_id)
        .values(last_used_at=now)
    )


def remove(tx: Tx, account_id: str, authenticator_id: str) -> FactorKind | None:
    """Its kind, if it was there."""
    row = tx.execute(
        authenticators.delete()
        .where(authenticators.c.account_id == account_id, authenticators.c.id == authenticator_id)
        .returning(authenticators.c.kind)
    ).one_or_none()
    return None if row is None else FactorKind(row.kind)


def find_due(tx: Tx, account_id: str) -> Due | None:
    row = tx.execute(
        sa.select(second_factor_dues).where(second_factor_dues.c.account_id == account_id)
    ).one_or_none()
    return None if row is None else Due(row.met_at, row.grace)


def meet(tx: Tx, account_id: str, *, now: datetime) -> Due:
    """Note that the requirement meets the account; what was noted first stays, whoever comes at
    once and however often."""
    put = insert(tx, second_factor_dues).values(account_id=account_id, met_at=now, grace=True)
    tx.execute(put.on_conflict_do_nothing())
    due = find_due(tx, account_id)
    return due or Due(now)


def end_grace(tx: Tx, account_id: str, *, now: datetime) -> None:
    """Whoever has had a factor is not given time for one again."""
    put = insert(tx, second_factor_dues).values(account_id=account_id, met_at=now, grace=False)
    tx.execute(
        put.on_conflict_do_update(
            index_elements=[second_factor_dues.c.account_id], set_={"grace": False}
        )
    )


def _authenticator(row: Row) -> Authenticator:
    return Authenticator(**{**row, "kind": FactorKind(row["kind"])})
