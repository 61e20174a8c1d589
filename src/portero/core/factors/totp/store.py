"""The tables of secrets: those in use, and those that wait for their first code."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.factors.totp.model import TotpSecret
from portero.kit.db import Tx, UtcTime, insert, metadata
from portero.protocol.otp import OtpAlgorithm, TotpParameters

totp_secrets: Final = sa.Table(
    "totp_secrets",
    metadata,
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("account_id", sa.String(36), nullable=False, index=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("algorithm", sa.String(8), nullable=False),
    sa.Column("digits", sa.Integer, nullable=False),
    sa.Column("period_seconds", sa.Integer, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)
totp_pending: Final = sa.Table(
    "totp_pending",
    metadata,
    sa.Column("subject", sa.String(36), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


def put_pending(
    tx: Tx, subject: str, account_id: str, sealed: str, *, now: datetime, expires_at: datetime
) -> str:
    """Keep a new secret until its first code; the one that is kept already and still lives wins,
    so that the page can be loaded again after it was scanned."""
    put = insert(tx, totp_pending).values(
        subject=subject, account_id=account_id, sealed=sealed, expires_at=expires_at
    )
    dead = sa.or_(totp_pending.c.expires_at <= now, totp_pending.c.account_id != account_id)
    tx.execute(
        put.on_conflict_do_update(
            index_elements=[totp_pending.c.subject],
            set_={"account_id": account_id, "sealed": sealed, "expires_at": expires_at},
            where=dead,
        )
    )
    kept = tx.execute(sa.select(totp_pending.c.sealed).where(totp_pending.c.subject == subject))
    return str(kept.scalar_one())


def find_pending(tx: Tx, subject: str, account_id: str, *, now: datetime) -> str | None:
    return tx.execute(
        sa.select(totp_pending.c.sealed).where(
            totp_pending.c.subject == subject,
            totp_pending.c.account_id == account_id,
            totp_pending.c.expires_at > now,
        )
    ).scalar_one_or_none()


def take_pending(tx: Tx, subject: str, account_id: str, sealed: str) -> bool:
    """Spend it; of parallel tries one."""
    taken = tx.execute(
        totp_pending.delete().where(
            totp_pending.c.subject == subject,
            totp_pending.c.account_id == account_id,
            totp_pending.c.sealed == sealed,
        )
    )
    return taken.rowcount == 1


def purge_pending(tx: Tx, *, before: datetime) -> int:
    return tx.execute(totp_pending.delete().where(totp_pending.c.expires_at < before)).rowcount


def add(tx: Tx, account_id: str, secret: TotpSecret) -> None:
    tx.execute(
        totp_secrets.insert().values(
            authenticator_id=secret.authenticator_id,
            account_id=account_id,
            sealed=secret.sealed,
            algorithm=secret.parameters.algorithm,
            digits=secret.parameters.digits,
            period_seconds=secret.parameters.period_seconds,
            last_step=secret.last_step,
        )
    )


def list_of(tx: Tx, account_id: str) -> list[TotpSecret]:
    rows = tx.execute(
        sa.select(totp_secrets)
        .where(totp_secrets.c.account_id == account_id)
        .order_by(totp_secrets.c.authenticator_id)
    )
    return [_secret(row) for row in rows]


def spend_step(tx: Tx, authenticator_id: str, step: int) -> bool:
    """Note the step as used; of parallel proofs by one code exactly one succeeds."""
    spent = tx.execute(
        totp_secrets.update()
        .where(totp_secrets.c.authenticator_id == authenticator_id, totp_secrets.c.last_step < step)
        .values(last_step=step)
    )
    return spent.rowcount == 1


def list_all(tx: Tx) -> list[TotpSecret]:
    return [_secret(row) for row in tx.execute(sa.select(totp_secrets))]


def reseal(tx: Tx, authenticator_id: str, *, old: str, new: str) -> bool:
    """Replace the sealed secret, if it still is the one that was read."""
    changed = tx.execute(
        totp_secrets.update()
        .where(totp_secrets.c.authenticator_id == authenticator_id, totp_secrets.c.sealed == old)
        .values(sealed=new)
    )
    return changed.rowcount == 1


def _secret(row: sa.Row[tuple[object, ...]]) -> TotpSecret:
    found = row._mapping
    parameters = TotpParameters(
        OtpAlgorithm(found["algorithm"]), found["digits"], found["period_seconds"]
    )
    return TotpSecret(found["authenticator_id"], found["sealed"], parameters, found["last_step"])
