"""The table of devices by account. A cookie is one browser's; each account knows it on its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.devices.model import Device
from portero.kit.db import Tx, UtcTime, metadata

known_devices: Final = sa.Table(
    "known_devices",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("last_seen_at", UtcTime, nullable=False, index=True),
    sa.Column("trusted_until", UtcTime),
    sa.Column("user_agent", sa.String(512), nullable=False),
    sa.UniqueConstraint("account_id", "secret_hash"),
)
_columns: Final = tuple(known_devices.c[name] for name in Device.__slots__)


def find_one_of(tx: Tx, account_id: str, secret_hashes: Sequence[str]) -> Device | None:
    """The one that the account knows under one of those hashes."""
    if not secret_hashes:
        return None
    row = tx.execute(
        sa.select(*_columns)
        .where(
            known_devices.c.account_id == account_id,
            known_devices.c.secret_hash.in_(secret_hashes),
        )
        .order_by(known_devices.c.last_seen_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Device(**row._mapping)


def add(tx: Tx, device: Device, secret_hash: str) -> None:
    values = {name: getattr(device, name) for name in Device.__slots__}
    tx.execute(known_devices.insert().values(secret_hash=secret_hash, **values))


def see(tx: Tx, device_id: str, user_agent: str, *, now: datetime) -> None:
    """Note that the account was signed in to there."""
    tx.execute(
        known_devices.update()
        .where(known_devices.c.id == device_id)
        .values(last_seen_at=now, user_agent=user_agent)
    )


def trust(tx: Tx, device_id: str, *, until: datetime) -> None:
    tx.execute(
        known_devices.update().where(known_devices.c.id == device_id).values(trusted_until=until)
    )


def distrust_all(tx: Tx, account_id: str) -> None:
    """They stay known; none of them stands in for a second factor any more."""
    tx.execute(
        known_devices.update()
        .where(known_devices.c.account_id == account_id, known_devices.c.trusted_until.is_not(None))
        .values(trusted_until=None)
    )


def list_of(tx: Tx, account_id: str, *, limit: int) -> list[Device]:
    """The account's, the last seen first."""
    rows = tx.execute(
        sa.select(*_columns)
        .where(known_devices.c.account_id == account_id)
        .order_by(known_devices.c.last_seen_at.desc(), known_devices.c.id)
        .limit(limit)
    )
    return [Device(**row._mapping) for row in rows]


def forget(tx: Tx, account_id: str, device_id: str) -> bool:
    gone = tx.execute(
        known_devices.delete().where(
            known_devices.c.account_id == account_id, known_devices.c.id == device_id
        )
    )
    return gone.rowcount == 1


def forget_known_since(tx: Tx, account_id: str, since: datetime) -> None:
    """Those that the account did not know before."""
    tx.execute(
        known_devices.delete().where(
            known_devices.c.account_id == account_id, known_devices.c.created_at >= since
        )
    )


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(known_devices.delete().where(known_devices.c.last_seen_at < before)).rowcount
