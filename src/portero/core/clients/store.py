"""The clients table."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.clients.model import Client, ClientState
from portero.kit.db import Json, Tx, UtcTime, insert, metadata
from portero.protocol.oauth.client_metadata import stored_metadata, to_json

clients: Final = sa.Table(
    "clients",
    metadata,
    sa.Column("client_id", sa.String(255), primary_key=True),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("secret_sealed", sa.Text, nullable=False),
    sa.Column("first_party", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("created_by", sa.String(32), nullable=False),
)

_by_id: Final = sa.select(clients).where(clients.c.client_id == sa.bindparam("client_id"))


def add(tx: Tx, client: Client) -> bool:
    """Insert it; False when the id is taken. Never overwrites."""
    values = {name: getattr(client, name) for name in Client.__slots__}
    values["metadata"] = to_json(client.metadata)
    row = tx.execute(
        insert(tx, clients).values(values).on_conflict_do_nothing().returning(clients.c.client_id)
    ).one_or_none()
    return row is not None


def find(tx: Tx, client_id: str) -> Client | None:
    row = tx.execute(_by_id, {"client_id": client_id}).one_or_none()
    return _client(row) if row is not None else None


def list_clients(tx: Tx, *, after: str, limit: int) -> list[Client]:
    """In the order of ids; `after` is the last id of the page before."""
    rows = tx.execute(
        sa.select(clients)
        .where(clients.c.client_id > after)
        .order_by(clients.c.client_id)
        .limit(limit)
    )
    return [_client(row) for row in rows]


def delete(tx: Tx, client_id: str) -> bool:
    return tx.execute(clients.delete().where(clients.c.client_id == client_id)).rowcount == 1


def replace_secret(
    tx: Tx, client_id: str, *, old_hash: str, new_hash: str, new_sealed: str, now: datetime
) -> bool:
    """Set the new secret, if the old one still is what was read: of two rotations at once one
    wins, and nobody is told a secret that is dead already."""
    changed = tx.execute(
        clients.update()
        .where(clients.c.client_id == client_id, clients.c.secret_hash == old_hash)
        .values(secret_hash=new_hash, secret_sealed=new_sealed, updated_at=now)
    )
    return changed.rowcount == 1


def replace_metadata(tx: Tx, old: Client, new: Client) -> bool:
    """Put the new registration in the place of the old one, if its secret and state still are
    what was read: of two replacements at once nobody is told a secret that is dead already."""
    changed = tx.execute(
        clients.update()
        .where(
            clients.c.client_id == old.client_id,
            clients.c.secret_hash == old.secret_hash,
            clients.c.state == old.state,
        )
        .values(
            metadata=to_json(new.metadata),
            secret_hash=new.secret_hash,
            secret_sealed=new.secret_sealed,
            updated_at=new.updated_at,
        )
    )
    return changed.rowcount == 1


def set_state(tx: Tx, client_id: str, state: ClientState, *, now: datetime) -> bool:
    """False when there is no such client, or it is in that state already."""
    changed = tx.execute(
        clients.update()
        .where(clients.c.client_id == client_id, clients.c.state != state)
        .values(state=state, updated_at=now)
    )
    return changed.rowcount == 1


def reseal(tx: Tx, client_id: str, *, old: str, new: str) -> bool:
    """Replace the sealed secret, if it still is the one that was read."""
    changed = tx.execute(
        clients.update()
        .where(clients.c.client_id == client_id, clients.c.secret_sealed == old)
        .values(secret_sealed=new)
    )
    return changed.rowcount == 1


def _client(row: sa.Row[tuple[object, ...]]) -> Client:
    values = dict(row._mapping)
    values["metadata"] = stored_metadata(values["metadata"])
    values["state"] = ClientState(values["state"])
    return Client(**values)
