"""The accounts table. A name is taken by one conditional insert, never by look-then-write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from portero.core.accounts.model import Account, AccountState
from portero.kit.db import Json, Tx, UtcTime, insert, metadata
from portero.kit.prepared import Prepared
from portero.kit.values import names_in, values_in

accounts: Final = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("username_key", sa.String(128), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("email_key", sa.String(320), nullable=False, index=True),
    sa.Column("email_verified", sa.Boolean, nullable=False),
    # Equal to email_key once verified, else NULL: a unique index on it makes an address unique
    # among verified ones, whatever races.
    sa.Column("verified_email_key", sa.String(320), unique=True),
    sa.Column("display_name", sa.String(200), nullable=False),
    sa.Column("locale", sa.String(35), nullable=False),
    sa.Column("zoneinfo", sa.String(64), nullable=False),
    sa.Column("phone", sa.String(32), nullable=False),
    sa.Column("phone_verified", sa.Boolean, nullable=False),
    sa.Column("picture", sa.String(2048), nullable=False),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("deletion_due_at", UtcTime, index=True),
    sa.Column("factors_put_aside_at", UtcTime),
    # Grants from before that moment are over, those that outlive their session too.
    sa.Column("grants_void_before", UtcTime),
)

_columns: Final = tuple(accounts.c[name] for name in names_in(Account))
_in_a_row: Final = itemgetter(*_columns)
_by_id: Final = Prepared(sa.select(*_columns).where(accounts.c.id == sa.bindparam("of")))
_by_username: Final = Prepared(
    sa.select(*_columns).where(accounts.c.username_key == sa.bindparam("of"))
)
_by_verified_email: Final = Prepared(
    sa.select(*_columns).where(accounts.c.verified_email_key == sa.bindparam("of"))
)
_hold: Final = Prepared(
    sa.select(*_columns).where(accounts.c.id == sa.bindparam("of")).with_for_update(key_share=True)
)


def add(tx: Tx, account: Account) -> bool:
    """Insert it; False when the username is taken. Never overwrites."""
    values = values_in(account)
    values["attributes"] = dict(account.attributes)
    values["verified_email_key"] = account.email_key if account.email_verified else None
    row = tx.execute(
        insert(tx, accounts).values(values).on_conflict_do_nothing().returning(accounts.c.id)
    ).one_or_none()
    return row is not None


def find(tx: Tx, account_id: str) -> Account | None:
    return _one(tx, _by_id, account_id)


def find_by_username(tx: Tx, username_key: str) -> Account | None:
    return _one(tx, _by_username, username_key)


def find_by_verified_email(tx: Tx, email_key: str) -> Account | None:
    """Who owns the address: only a verified one identifies anybody."""
    return _one(tx, _by_verified_email, email_key)


def hold(tx: Tx, account_id: str) -> Account | None:
    """The account, locked until this transaction ends (SQLite has one writer, and no such lock)."""
    return _one(tx, _hold, account_id)


def name_email(tx: Tx, account_id: str, email: str, email_key: str, *, now: datetime) -> bool:
    """Give the account an unproven address; False (and nothing) when its present one is proven.

    One conditional statement: a claim that looked before another address was proven must not put
    its own beside `email_verified`.
    """
    named = tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id, accounts.c.email_verified.is_(False))
        .values(email=email, email_key=email_key, updated_at=now)
    )
    return named.rowcount == 1


def change(
    tx: Tx, account_id: str, values: Mapping[str, object], *, now: datetime
) -> Account | None:
    """Set profile columns; None when there is no such account."""
    row = tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id)
        .values(**values, updated_at=now)
        .returning(accounts)
    ).one_or_none()
    return None if row is None else account_of(row._mapping)


def verify_email(
    tx: Tx, account_id: str, email: str, email_key: str, *, now: datetime
) -> Account | None:
    """Give the account the proven address, unless another account proved it first.

    The inner check turns the common loser into None; the unique index decides a true race.
    """
    other = accounts.alias("other")
    taken = (
        sa.select(sa.literal(1))
        .where(other.c.verified_email_key == email_key, other.c.id != account_id)
        .exists()
    )
    proven = accounts.update().where(accounts.c.id == account_id, ~taken)
    proven = proven.values(
        email=email,
        email_key=email_key,
        email_verified=True,
        verified_email_key=email_key,
        updated_at=now,
    )
    try:
        with tx.begin_nested():
            row = tx.execute(proven.returning(accounts)).one_or_none()
    except sa.exc.IntegrityError:
        return None
    return None if row is None else account_of(row._mapping)


def set_state(tx: Tx, account_id: str, state: AccountState, *, now: datetime) -> Account | None:
    values: dict[str, object] = {"state": state}
    if state is AccountState.DISABLED:
        values["grants_void_before"] = now  # what ended stays ended when it is enabled again
    return change(tx, account_id, values, now=now)


def set_deletion(
    tx: Tx, account_id: str, due_at: datetime | None, *, now: datetime
) -> Account | None:
    """From when on it may be deleted; None: it stays."""
    return change(tx, account_id, {"deletion_due_at": due_at}, now=now)


def list_due(tx: Tx, *, now: datetime, limit: int) -> list[str]:
    """Accounts whose time to be deleted has come, the longest due first."""
    rows = tx.execute(
        sa.select(accounts.c.id)
        .where(accounts.c.deletion_due_at <= now)
        .order_by(accounts.c.deletion_due_at)
        .limit(limit)
    )
    return [row.id for row in rows]


def void_grants(tx: Tx, account_id: str, *, now: datetime) -> None:
    """End every grant that was made until now, whichever application holds it."""
    tx.execute(accounts.update().where(accounts.c.id == account_id).values(grants_void_before=now))


def delete(tx: Tx, account_id: str) -> bool:
    return tx.execute(accounts.delete().where(accounts.c.id == account_id)).rowcount == 1


def list_accounts(
    tx: Tx, *, after_id: str = "", limit: int = 100, username_prefix: str = ""
) -> list[Account]:
    """Accounts in order of creation, after `after_id`."""
    query = sa.select(accounts).where(accounts.c.id > after_id).order_by(accounts.c.id).limit(limit)
    if username_prefix:
        query = query.where(accounts.c.username_key.startswith(username_prefix, autoescape=True))
    return [account_of(row._mapping) for row in tx.execute(query)]


def lives_clause(since: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """The account is active, and nobody has voided since that moment what was made at it: by a new
    password, or by disabling the account."""
    void = accounts.c.grants_void_before
    return sa.and_(accounts.c.state == AccountState.ACTIVE, sa.or_(void.is_(None), since > void))


def account_of(found: Mapping[Any, Any]) -> Account:
    """An account from a row that holds, by column, (at least) all of the table."""
    values = dict(zip(names_in(Account), _in_a_row(found), strict=True))
    values["state"] = AccountState(values["state"])
    return Account(**values)


def _one(tx: Tx, query: Prepared, of: str) -> Account | None:
    row = query.one_or_none(tx, {"of": of})
    if row is None:
        return None
    row["state"] = AccountState(row["state"])
    return Account(**row)
