"""The tables of the status list. What is revoked is computed from what the verbs have noted, so
that no verb can forget to turn a bit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.core.changes.model import ChangeKind
from portero.core.changes.store import changes
from portero.core.clients import ClientState
from portero.core.clients.store import clients
from portero.core.provider.statuses.model import Holder
from portero.kit.db import Tx, UtcTime, insert, metadata
from portero.kit.prepared import Prepared

BLOCK_SIZE: Final = 256  # indices

# There are as many rows as blocks at the busiest time; a block that is over is leased again.
status_blocks: Final = sa.Table(
    "status_blocks",
    metadata,
    sa.Column("first_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("until", UtcTime, nullable=False),
)

# Only tokens with a person have a row: a client's own tokens end by themselves (`revoked_statuses`)
# or with the client, whose blocks are known. Without further indexes: a row is written at each
# sign-in and refresh, and all live ones are read a few times a minute.
token_statuses: Final = sa.Table(
    "token_statuses",
    metadata,
    sa.Column("until", UtcTime, primary_key=True),
    sa.Column("status_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("issued_at", UtcTime, nullable=False),
    sa.Column("account_id", sa.String(36), nullable=False),
    sa.Column("grant_id", sa.String(36), nullable=False),
    sa.Column("session_id", sa.String(36), nullable=False),
)

revoked_statuses: Final = sa.Table(
    "revoked_statuses",
    metadata,
    sa.Column("until", UtcTime, primary_key=True),
    sa.Column("status_index", sa.Integer, primary_key=True, autoincrement=False),
)

_keep: Final = Prepared(
    token_statuses.insert(),
    ("until", "status_index", "issued_at", "account_id", "grant_id", "session_id"),
)


def lease(
    tx: Tx, client_id: str, *, count: int, now: datetime, until: datetime, below: int
) -> list[int] | None:
    """Give the client's tokens up to `count` blocks: those that are over, the lowest first, else
    new ones at the end. The first index of each; none when others were faster: ask again. None
    when every block with indices `below` that is leased."""
    over = (
        sa.select(status_blocks.c.first_index)
        .where(status_blocks.c.until <= now)
        .order_by(status_blocks.c.first_index)
        .limit(count)
    )
    # The condition stands outside too: who waited for a row that another has just leased must see.
    again = tx.execute(
        status_blocks.update()
        .where(status_blocks.c.first_index.in_(over), status_blocks.c.until <= now)
        .values(client_id=client_id, until=until)
        .returning(status_blocks.c.first_index)
    )
    leased = sorted(again.scalars())
    return leased or _append(tx, client_id, count, until, below)


def _append(tx: Tx, client_id: str, count: int, until: datetime, below: int) -> list[int] | None:
    highest = tx.execute(sa.select(sa.func.max(status_blocks.c.first_index))).scalar_one()
    start = 0 if highest is None else highest + BLOCK_SIZE
    firsts = range(start, min(start + count * BLOCK_SIZE, below), BLOCK_SIZE)
    if not firsts:
        return None
    made = tx.execute(
        insert(tx, status_blocks)
        .values(
            [{"first_index": first, "client_id": client_id, "until": until} for first in firsts]
        )
        .on_conflict_do_nothing()
        .returning(status_blocks.c.first_index)
    )
    return sorted(made.scalars())


def keep(tx: Tx, index: int, holder: Holder, *, issued_at: datetime, until: datetime) -> None:
    """Note whose token has the index."""
    _keep.later(
        tx,
        {
            "until": until,
            "status_index": index,
            "issued_at": issued_at,
            "account_id": holder.account_id,
            "grant_id": holder.grant_id,
            "session_id": holder.session_id,
        },
    )


def revoke(tx: Tx, index: int, *, until: datetime) -> None:
    """That one token is over; saying it twice is once."""
    tx.execute(
        insert(tx, revoked_statuses)
        .values(status_index=index, until=until)
        .on_conflict_do_nothing()
    )


def highest_end(tx: Tx, *, now: datetime) -> int:
    """One more than the highest index that can mean a token."""
    highest = tx.execute(
        sa.select(sa.func.max(status_blocks.c.first_index)).where(status_blocks.c.until > now)
    ).scalar_one()
    return 0 if highest is None else int(highest) + BLOCK_SIZE


def revoked_one_by_one(tx: Tx, *, now: datetime) -> list[int]:
    found = sa.select(revoked_statuses.c.status_index).where(revoked_statuses.c.until > now)
    return list(tx.execute(found).scalars())


def ended_with_their_basis(tx: Tx, *, now: datetime, since: datetime) -> list[int]:
    """Indices of persons' tokens whose session ended, whose grant was revoked, or whose account
    was disabled, deleted or lost all grants after they were issued, since that moment."""
    if not tx.execute(_any_end, {"since": since}).scalar_one():
        return []  # the usual case: no token has to be looked at
    return list(tx.execute(_ended, {"since": since, "now": now}).scalars())


def blocks_of_clients_without_right(tx: Tx, *, now: datetime, since: datetime) -> list[int]:
    """The first indices of blocks whose client is disabled, or was deleted since that moment. (To
    have no row is no fault: the built-in client has none, nor has one that is a document.)"""
    return list(tx.execute(_without_right, {"now": now, "since": since}).scalars())


def purge_statuses(tx: Tx, *, before: datetime) -> int:
    """Forget whose tokens those were that are over."""
    return tx.execute(token_statuses.delete().where(token_statuses.c.until < before)).rowcount


def purge_revoked(tx: Tx, *, before: datetime) -> int:
    """Forget which of the tokens that are over were revoked."""
    return tx.execute(revoked_statuses.delete().where(revoked_statuses.c.until < before)).rowcount


_SINCE: Final = sa.bindparam("since", type_=UtcTime)
_NOW: Final = sa.bindparam("now", type_=UtcTime)
_OF_ACCOUNTS: Final = (ChangeKind.ACCOUNT_DISABLED, ChangeKind.GRANTS_VOIDED)


def _is_kind(*kinds: ChangeKind) -> sa.ColumnElement[bool]:
    return changes.c.kind.in_([str(kind) for kind in kinds])


_any_end: Final = sa.select(
    sa.exists().where(
        changes.c.at >= _SINCE,
        _is_kind(ChangeKind.SESSION_ENDED, ChangeKind.GRANT_REVOKED, *_OF_ACCOUNTS),
    )
)


def _subjects(*kinds: ChangeKind) -> sa.Select[Any]:
    return sa.select(changes.c.subject).where(changes.c.at >= _SINCE, _is_kind(*kinds))


_ended: Final = sa.select(token_statuses.c.status_index).where(
    token_statuses.c.until > _NOW,
    sa.or_(
        token_statuses.c.session_id.in_(_subjects(ChangeKind.SESSION_ENDED)),
        token_statuses.c.grant_id.in_(_subjects(ChangeKind.GRANT_REVOKED)),
        sa.and_(
            # First the cheap question, which nearly every row answers with no.
            token_statuses.c.account_id.in_(_subjects(*_OF_ACCOUNTS)),
            # An account that was enabled again has tokens from after it, and those are good.
            sa.exists()
            .where(
                _is_kind(*_OF_ACCOUNTS),
                changes.c.subject == token_statuses.c.account_id,
                changes.c.at >= token_statuses.c.issued_at,
            )
            .correlate(token_statuses),
        ),
    ),
)

_without_right: Final = (
    sa.select(status_blocks.c.first_index)
    .outerjoin(clients, clients.c.client_id == status_blocks.c.client_id)
    .where(
        status_blocks.c.until > _NOW,
        sa.or_(
            clients.c.state != ClientState.ACTIVE,
            sa.and_(
                clients.c.client_id.is_(None),
                status_blocks.c.client_id.in_(_subjects(ChangeKind.CLIENT_CHANGED)),
            ),
        ),
    )
)
