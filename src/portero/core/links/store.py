"""The table of mailed links. Spending one is a single conditional statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.core.links.model import Link, LinkPurpose, LinkSpent
from portero.kit.db import Tx, UtcTime, metadata
from portero.kit.secrets import fingerprint

links: Final = sa.Table(
    "links",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("purpose", sa.String(32), nullable=False),
    sa.Column("account_id", sa.String(36), nullable=False),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("spent_at", UtcTime),
    sa.Column("about", sa.String(320), nullable=False, server_default=""),
    sa.Index("ix_links_account_id", "account_id", "purpose"),
    sa.Index("ix_links_expires_at", "expires_at"),
)


def issue(tx: Tx, token: str, link: Link) -> None:
    """Remember a link by the hash of its token."""
    tx.execute(
        links.insert().values(
            token_hash=fingerprint(token),
            purpose=link.purpose,
            account_id=link.account_id,
            email=link.email,
            created_at=link.created_at,
            expires_at=link.expires_at,
            about=link.about,
        )
    )


def find_live(tx: Tx, token: str, purpose: LinkPurpose, *, now: datetime) -> Link:
    """The link without spending it, so that a form can be refused and tried again. Raises
    `LinkSpent`. Only `redeem` may be followed by an effect."""
    row = tx.execute(sa.select(*_columns).where(_live(token, purpose, now))).one_or_none()
    return _link(row, purpose)


def redeem(tx: Tx, token: str, purpose: LinkPurpose, *, now: datetime) -> Link:
    """Spend it; of any number of parallel tries exactly one succeeds. Raises `LinkSpent`.

    Raising rolls the verb back, which is right: a link that does not open has nothing to commit.
    """
    row = tx.execute(
        links.update().where(_live(token, purpose, now)).values(spent_at=now).returning(*_columns)
    ).one_or_none()
    return _link(row, purpose)


def list_live(
    tx: Tx, account_id: str, purpose: LinkPurpose, email: str, *, now: datetime
) -> list[Link]:
    """What that mailbox was sent and would still open, the oldest first."""
    rows = tx.execute(
        sa.select(*_columns)
        .where(
            links.c.account_id == account_id,
            links.c.purpose == purpose,
            links.c.email == email,
            links.c.spent_at.is_(None),
            links.c.expires_at > now,
        )
        .order_by(links.c.created_at)
    )
    return [_link(row, purpose) for row in rows]


def withdraw(tx: Tx, account_id: str, *purposes: LinkPurpose, now: datetime) -> None:
    """End every open link of these purposes: only the newest mail opens anything."""
    tx.execute(
        links.update()
        .where(
            links.c.account_id == account_id,
            links.c.purpose.in_(purposes),
            links.c.spent_at.is_(None),
        )
        .values(spent_at=now)
    )


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget links that expired before that moment."""
    return tx.execute(links.delete().where(links.c.expires_at < before)).rowcount


_columns: Final = (
    links.c.account_id,
    links.c.email,
    links.c.created_at,
    links.c.expires_at,
    links.c.about,
)


def _live(token: str, purpose: LinkPurpose, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        links.c.token_hash == fingerprint(token),
        links.c.purpose == purpose,
        links.c.spent_at.is_(None),
        links.c.expires_at > now,
    )


def _link(row: Any, purpose: LinkPurpose) -> Link:
    if row is None:
        raise LinkSpent(f"no live link for {purpose}")
    return Link(purpose, row.account_id, row.email, row.created_at, row.expires_at, row.about)
