"""The table of sign-ins under way. Each step spends the secret that it was reached with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core import links
from portero.core.accounts.model import Account
from portero.core.accounts.store import hold
from portero.core.audit import Entry
from portero.core.audit.store import audit_entries, list_entries
from portero.core.devices import store as device_store
from portero.core.factors.one_time_code import store as one_time_code_store
from portero.core.factors.push import store as push_store
from portero.core.links import LinkPurpose
from portero.core.login.model import Interaction, Wanted
from portero.core.sessions import EndReason, Proven
from portero.core.sessions.events import SessionStarted
from portero.core.sessions.store import sessions
from portero.kit.db import Json, Tx, UtcTime, metadata

interactions: Final = sa.Table(
    "interactions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("acr", sa.String(16), nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("factor", sa.String(32), nullable=False),
    sa.Column("wanted_client_id", sa.String(255), nullable=False, server_default=""),
    sa.Column("wanted_acr", sa.String(16), nullable=False, server_default=""),
    sa.Column("wanted_second_factor", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("doubted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("session_id", sa.String(36), nullable=False, server_default=""),
    sa.Column("anew", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("keep", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)

_WAYS_IN: Final = (
    LinkPurpose.VERIFY_EMAIL,
    LinkPurpose.RESET_PASSWORD,
    LinkPurpose.MOVE_EMAIL,
    LinkPurpose.CLAIM,
)


def hold_account(tx: Tx, account_id: str) -> Account | None:
    """The account as it is now, held until this transaction ends.

    Whatever starts a session and whatever ends all of them begins here. Without it, a sign-in
    that looked before a change of password committed, and inserts its session after, leaves a
    session that the old password earned. (SQLite has one writer and ignores FOR UPDATE.)
    """
    return hold(tx, account_id)


def add(tx: Tx, interaction: Interaction, secret_hash: str) -> None:
    tx.execute(
        interactions.insert().values(
            id=interaction.id,
            secret_hash=secret_hash,
            account_id=interaction.account_id,
            acr=interaction.proven.acr,
            amr=list(interaction.proven.amr),
            factor=interaction.proven.factor,
            wanted_client_id=interaction.wanted.client_id,
            wanted_acr=interaction.wanted.acr,
            wanted_second_factor=interaction.wanted.second_factor,
            doubted=interaction.wanted.doubted,
            session_id=interaction.session_id,
            anew=interaction.anew,
            keep=interaction.keep,
            created_at=interaction.created_at,
            expires_at=interaction.expires_at,
        )
    )


def find(tx: Tx, secret_hash: str, *, now: datetime) -> Interaction | None:
    row = tx.execute(
        sa.select(interactions).where(
            interactions.c.secret_hash == secret_hash, interactions.c.expires_at > now
        )
    ).one_or_none()
    return None if row is None else _interaction(row)


def find_by_id(tx: Tx, interaction_id: str, *, now: datetime) -> Interaction | None:
    """For what was begun by it and is answered elsewhere: its secret is not there."""
    row = tx.execute(
        sa.select(interactions).where(
            interactions.c.id == interaction_id, interactions.c.expires_at > now
        )
    ).one_or_none()
    return None if row is None else _interaction(row)


def advance(tx: Tx, secret_hash: str, *, new_secret_hash: str, now: datetime) -> Interaction | None:
    """Exchange the secret for a new one: of parallel steps exactly one goes on."""
    row = tx.execute(
        interactions.update()
        .where(interactions.c.secret_hash == secret_hash, interactions.c.expires_at > now)
        .values(secret_hash=new_secret_hash)
        .returning(interactions)
    ).one_or_none()
    return None if row is None else _interaction(row)


def raise_proven(tx: Tx, interaction_id: str, proven: Proven) -> None:
    """Note what a further step has proven."""
    tx.execute(
        interactions.update()
        .where(interactions.c.id == interaction_id)
        .values(acr=proven.acr, amr=list(proven.amr), factor=proven.factor)
    )


def is_there(tx: Tx, interaction_id: str) -> bool:
    """Whether it was neither finished nor ended."""
    found = sa.select(interactions.c.id).where(interactions.c.id == interaction_id)
    return tx.execute(found).one_or_none() is not None


def finish(tx: Tx, interaction_id: str) -> None:
    tx.execute(interactions.delete().where(interactions.c.id == interaction_id))


def end_of_account(tx: Tx, account_id: str, *, now: datetime, but: str = "") -> None:
    """End every way in that is half open: sign-ins under way (`but` one), mailed links and
    those that wait to be, codes, questions to devices, and what trusted devices are trusted with.

    A thief who was in may have asked for a link to a mailbox of his own; what the owner does to
    shut him out must shut that too.
    """
    links.withdraw(tx, account_id, *_WAYS_IN, now=now)
    device_store.distrust_all(tx, account_id)
    one_time_code_store.withdraw(tx, account_id)
    push_store.withdraw(tx, account_id)
    tx.execute(
        interactions.delete().where(
            interactions.c.account_id == account_id, interactions.c.id != but
        )
    )


def list_starts(
    tx: Tx,
    account_id: str,
    *,
    since: datetime,
    limit: int,
    reasons: Collection[EndReason] = (),
    spans: Iterable[tuple[datetime, datetime]] = (),
) -> list[Entry]:
    """The newest sign-ins first; but none whose session ended for one of the reasons, and none in
    one of the spans, both ends included."""
    ended = sa.select(sessions.c.id).where(
        sessions.c.id == audit_entries.c.session_id, sessions.c.end_reason.in_(reasons)
    )
    return list_entries(
        tx,
        kinds=(SessionStarted.kind,),
        account_id=account_id,
        since=since,
        but=sa.or_(ended.exists(), *(audit_entries.c.at.between(*each) for each in spans)),
        limit=limit,
    )


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(interactions.delete().where(interactions.c.expires_at < before)).rowcount


def _interaction(row: sa.Row[tuple[object, ...]]) -> Interaction:
    found = row._mapping
    return Interaction(
        id=found["id"],
        account_id=found["account_id"],
        proven=Proven(found["acr"], tuple(found["amr"]), found["factor"]),
        wanted=Wanted(
            found["wanted_client_id"],
            found["wanted_acr"],
            found["wanted_second_factor"],
            found["doubted"],
        ),
        keep=found["keep"],
        created_at=found["created_at"],
        expires_at=found["expires_at"],
        session_id=found["session_id"],
        anew=found["anew"],
    )
