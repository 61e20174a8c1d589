"""The tables of codes and of the addresses that factors send to. A try is counted, and a code
spent, by one conditional statement each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.authenticators import FactorKind
from portero.core.authenticators.store import authenticators
from portero.core.factors.one_time_code.model import (
    CodePurpose,
    CodeSubject,
    EnrolledAddress,
    KeptCode,
)
from portero.kit.db import Tx, UtcTime, insert, metadata

one_time_codes: Final = sa.Table(
    "one_time_codes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("address", sa.String(320), nullable=False),
    # HMAC under a key derived from SECRET_KEY, of all that the code is bound to and of this row's
    # id: a million codes are tried in a second by whoever has the table alone.
    sa.Column("code_mac", sa.String(64), nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("sent_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.UniqueConstraint("purpose", "subject"),
)
one_time_code_addresses: Final = sa.Table(
    "one_time_code_addresses",
    metadata,
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("address", sa.String(320), nullable=False),
)


def put(tx: Tx, code: KeptCode, *, unless_sent_after: datetime) -> bool:
    """Take the place of the code before; False when that one was sent, to the same address, after
    that moment. Of parallel ones exactly one is put."""
    about = code.about
    values = {
        "id": code.id,
        "account_id": about.account_id,
        "address": about.address,
        "code_mac": code.code_mac,
        "tries_left": code.tries_left,
        "sent_at": code.sent_at,
        "expires_at": code.expires_at,
    }
    put = insert(tx, one_time_codes).values(purpose=about.purpose, subject=about.subject, **values)
    done = tx.execute(
        put.on_conflict_do_update(
            index_elements=[one_time_codes.c.purpose, one_time_codes.c.subject],
            set_=values,
            where=sa.not_(_fresh(about, unless_sent_after)),
        ).returning(one_time_codes.c.id)
    )
    return done.one_or_none() is not None


def find_sent(tx: Tx, about: CodeSubject, *, after: datetime) -> KeptCode | None:
    """The code of that subject, if it was sent to that address after that moment."""
    row = tx.execute(
        sa.select(one_time_codes).where(
            one_time_codes.c.purpose == about.purpose,
            one_time_codes.c.subject == about.subject,
            _fresh(about, after),
        )
    ).one_or_none()
    return None if row is None else _code(row)


def find_live(tx: Tx, purpose: CodePurpose, subject: str, *, now: datetime) -> KeptCode | None:
    row = tx.execute(
        sa.select(one_time_codes).where(
            one_time_codes.c.purpose == purpose,
            one_time_codes.c.subject == subject,
            one_time_codes.c.expires_at > now,
        )
    ).one_or_none()
    return None if row is None else _code(row)


def spend_try(tx: Tx, purpose: CodePurpose, subject: str, *, now: datetime) -> KeptCode | None:
    """Count a try; None when there is no live code, or it has been tried too often."""
    row = tx.execute(
        one_time_codes.update()
        .where(
            one_time_codes.c.purpose == purpose,
            one_time_codes.c.subject == subject,
            one_time_codes.c.tries_left > 0,
            one_time_codes.c.expires_at > now,
        )
        .values(tries_left=one_time_codes.c.tries_left - 1)
        .returning(one_time_codes)
    ).one_or_none()
    return None if row is None else _code(row)


def take(tx: Tx, code_id: str) -> bool:
    """Spend the code; of parallel tries one succeeds."""
    return tx.execute(one_time_codes.delete().where(one_time_codes.c.id == code_id)).rowcount == 1


def withdraw(tx: Tx, account_id: str) -> None:
    """End every code of the account that is on its way."""
    tx.execute(one_time_codes.delete().where(one_time_codes.c.account_id == account_id))


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(one_time_codes.delete().where(one_time_codes.c.expires_at < before)).rowcount


def add_address(tx: Tx, enrolled: EnrolledAddress) -> None:
    tx.execute(
        one_time_code_addresses.insert().values(
            authenticator_id=enrolled.authenticator_id, address=enrolled.address
        )
    )


def newest_address(tx: Tx, account_id: str, kind: FactorKind) -> EnrolledAddress | None:
    """Where the account's codes of that kind go: to what was enrolled last."""
    row = tx.execute(
        sa.select(one_time_code_addresses)
        .join(authenticators, authenticators.c.id == one_time_code_addresses.c.authenticator_id)
        .where(authenticators.c.account_id == account_id, authenticators.c.kind == kind)
        .order_by(authenticators.c.created_at.desc(), authenticators.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else EnrolledAddress(**row._mapping)


def _fresh(about: CodeSubject, after: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        one_time_codes.c.sent_at > after,
        one_time_codes.c.account_id == about.account_id,
        one_time_codes.c.address == about.address,
    )


def _code(row: sa.Row[tuple[object, ...]]) -> KeptCode:
    found = row._mapping
    return KeptCode(
        id=found["id"],
        about=CodeSubject(
            CodePurpose(found["purpose"]), found["subject"], found["account_id"], found["address"]
        ),
        code_mac=found["code_mac"],
        tries_left=found["tries_left"],
        sent_at=found["sent_at"],
        expires_at=found["expires_at"],
    )
