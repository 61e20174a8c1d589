"""The tables of initial and registration access tokens. Both are kept as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.provider.register.model import ClientInvitation
from portero.kit.db import Tx, UtcTime, metadata
from portero.kit.secrets import fingerprint

initial_access_tokens: Final = sa.Table(
    "initial_access_tokens",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("uses_left", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)

# Goes with its client, whoever deletes that.
registration_access_tokens: Final = sa.Table(
    "registration_access_tokens",
    metadata,
    sa.Column(
        "client_id",
        sa.String(255),
        sa.ForeignKey("clients.client_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("token_hash", sa.String(64), nullable=False),
)

# What dies with a client (refresh tokens hang on their grants). A test holds this list against all
# tables that name a client. What stays is history, or must outlive it: see there.
DIE_WITH_CLIENT: Final = (
    "pushed_requests",
    "waiting_requests",
    "authorization_codes",
    "device_requests",
    "ciba_requests",
    "grants",
    "consents",
)
_told: Final = tuple(initial_access_tokens.c[name] for name in ClientInvitation.__slots__)


def add_invitation(tx: Tx, token: str, invitation: ClientInvitation) -> None:
    values = {name: getattr(invitation, name) for name in ClientInvitation.__slots__}
    tx.execute(initial_access_tokens.insert().values(token_hash=fingerprint(token), **values))


def list_invitations(tx: Tx, *, now: datetime, limit: int) -> list[ClientInvitation]:
    """Those that still let somebody in, the newest first."""
    rows = tx.execute(
        sa.select(*_told)
        .where(initial_access_tokens.c.expires_at > now, initial_access_tokens.c.uses_left > 0)
        .order_by(initial_access_tokens.c.created_at.desc(), initial_access_tokens.c.id.desc())
        .limit(limit)
    )
    return [ClientInvitation(**row._mapping) for row in rows]


def withdraw_invitation(tx: Tx, invitation_id: str) -> bool:
    gone = initial_access_tokens.delete().where(initial_access_tokens.c.id == invitation_id)
    return tx.execute(gone).rowcount == 1


def is_invited(tx: Tx, token: str, *, now: datetime) -> bool:
    """Whether the token would let somebody in, without spending it."""
    row = tx.execute(sa.select(sa.literal(1)).where(*_usable(token, now))).one_or_none()
    return row is not None


def spend_invitation(tx: Tx, token: str, *, now: datetime) -> str | None:
    """One use of it, and its id; None when it is spent, expired or unknown. Of parallel tries no
    more succeed than there are uses."""
    return tx.execute(
        initial_access_tokens.update()
        .where(*_usable(token, now))
        .values(uses_left=initial_access_tokens.c.uses_left - 1)
        .returning(initial_access_tokens.c.id)
    ).scalar_one_or_none()


def _usable(token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        initial_access_tokens.c.token_hash == fingerprint(token),
        initial_access_tokens.c.expires_at > now,
        initial_access_tokens.c.uses_left > 0,
    )


def add_registration_token(tx: Tx, client_id: str, token: str) -> None:
    tx.execute(
        registration_access_tokens.insert().values(
            client_id=client_id, token_hash=fingerprint(token)
        )
    )


def is_registration_token(tx: Tx, client_id: str, token: str) -> bool:
    """Whether the token is that client's, and no other's."""
    row = tx.execute(
        sa.select(sa.literal(1)).where(
            registration_access_tokens.c.client_id == client_id,
            registration_access_tokens.c.token_hash == fingerprint(token),
        )
    ).one_or_none()
    return row is not None


def forget_everything_of(tx: Tx, client_id: str) -> None:
    """Grants with their tokens, codes, consents, waiting requests."""
    for name in DIE_WITH_CLIENT:
        table = metadata.tables[name]
        tx.execute(table.delete().where(table.c.client_id == client_id))


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget initial access tokens that expired before then."""
    old = initial_access_tokens.c.expires_at < before
    return tx.execute(initial_access_tokens.delete().where(old)).rowcount
