"""The table of consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.core.consent.model import Consent
from portero.kit.db import Json, Tx, UtcTime, insert, metadata

consents: Final = sa.Table(
    "consents",
    metadata,
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("client_id", sa.String(255), primary_key=True),
    sa.Column("scope", Json, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)

_fields: Final = tuple((name, consents.c[name]) for name in Consent.__slots__)


def find(tx: Tx, account_id: str, client_id: str) -> Consent | None:
    row = tx.execute(
        sa.select(consents).where(
            consents.c.account_id == account_id, consents.c.client_id == client_id
        )
    ).one_or_none()
    return None if row is None else consent_of(row._mapping)


def hold(tx: Tx, account_id: str, client_id: str) -> Consent | None:
    """The same, and nobody takes it back before this transaction ends (SQLite has one writer, and
    no such lock)."""
    row = tx.execute(
        sa.select(consents)
        .where(consents.c.account_id == account_id, consents.c.client_id == client_id)
        .with_for_update(read=True)
    ).one_or_none()
    return None if row is None else consent_of(row._mapping)


def list_of_account(tx: Tx, account_id: str) -> list[Consent]:
    rows = tx.execute(
        sa.select(consents)
        .where(consents.c.account_id == account_id)
        .order_by(consents.c.updated_at.desc())
    )
    return [known for row in rows if (known := consent_of(row._mapping)) is not None]


def remember(
    tx: Tx,
    account_id: str,
    client_id: str,
    *,
    scope: Sequence[str],
    resources: Sequence[str],
    now: datetime,
) -> None:
    """Add to what was agreed to before."""
    known = find(tx, account_id, client_id)
    merged_scope = list(dict.fromkeys([*(known.scope if known else ()), *scope]))
    merged_resources = list(dict.fromkeys([*(known.resources if known else ()), *resources]))
    values = {"scope": merged_scope, "resources": merged_resources, "updated_at": now}
    statement = insert(tx, consents).values(
        account_id=account_id, client_id=client_id, created_at=now, **values
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[consents.c.account_id, consents.c.client_id], set_=values
        )
    )


def forget(tx: Tx, account_id: str, client_id: str) -> bool:
    deleted = tx.execute(
        consents.delete().where(
            consents.c.account_id == account_id, consents.c.client_id == client_id
        )
    )
    return deleted.rowcount == 1


def consent_of(found: Mapping[Any, Any]) -> Consent | None:
    """A consent from a row that holds, by column, (at least) all of the table; None where the join
    found none."""
    if found[consents.c.client_id] is None:
        return None
    values = {name: found[column] for name, column in _fields}
    values["scope"] = tuple(values["scope"])
    values["resources"] = tuple(values["resources"])
    return Consent(**values)
