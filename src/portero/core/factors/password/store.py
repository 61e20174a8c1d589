"""The tables of passwords and of former ones. Only encodings come here, never a password."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.factors.password.model import StoredPassword
from portero.kit.db import Tx, UtcTime, insert, metadata
from portero.kit.prepared import Prepared
from portero.kit.secrets import fingerprint
from portero.kit.values import values_in

passwords: Final = sa.Table(
    "passwords",
    metadata,
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("encoded", sa.Text, nullable=False),
    sa.Column("scheme", sa.String(64), nullable=False, index=True),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("encoded_at", UtcTime, nullable=False),
    sa.Column("must_change", sa.Boolean, nullable=False),
    sa.Column("by_mail", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
)

password_history: Final = sa.Table(
    "password_history",
    metadata,
    # SHA-256 of the encoding: unique by its salt, and the same however often it is remembered
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("encoded", sa.Text, nullable=False),
    sa.Column("set_at", UtcTime, nullable=False),
    sa.Index("ix_password_history_account_id", "account_id", "set_at"),
)

_load: Final = Prepared(
    sa.select(passwords).where(passwords.c.account_id == sa.bindparam("account_id"))
)
_fail: Final = Prepared(
    passwords.update()
    .where(passwords.c.account_id == sa.bindparam("of"))
    .values(failures=passwords.c.failures + 1)
    .returning(passwords.c.failures)
)
_next_scheme: Final = (
    sa.select(passwords.c.scheme)
    .where(passwords.c.scheme > sa.bindparam("after"))
    .order_by(passwords.c.scheme)
    .limit(1)
)
_sample: Final = (
    sa.select(passwords.c.encoded).where(passwords.c.scheme == sa.bindparam("scheme")).limit(1)
)


def load(tx: Tx, account_id: str) -> StoredPassword | None:
    row = _load.one_or_none(tx, {"account_id": account_id})
    return None if row is None else StoredPassword(**row)


def fail(tx: Tx, account_id: str) -> int:
    """Count a wrong try; how many there are now, of parallel ones each its own. 0 where there is no
    password."""
    row = _fail.one_or_none(tx, {"of": account_id})
    return 0 if row is None else int(row["failures"])


def forgive(tx: Tx, account_id: str) -> bool:
    """Whether there was anything to forget."""
    forgiven = passwords.update().where(
        passwords.c.account_id == account_id, passwords.c.failures > 0
    )
    return tx.execute(forgiven.values(failures=0)).rowcount == 1


def put(tx: Tx, stored: StoredPassword) -> None:
    """Set the account's password, whatever it had before."""
    values = values_in(stored)
    statement = insert(tx, passwords).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "account_id"}
    tx.execute(
        statement.on_conflict_do_update(index_elements=[passwords.c.account_id], set_=changed)
    )


def remove(tx: Tx, account_id: str) -> None:
    """No password opens the account. Former ones stay known, so that none comes back."""
    tx.execute(passwords.delete().where(passwords.c.account_id == account_id))


def replace(
    tx: Tx,
    account_id: str,
    *,
    expected: str,
    encoded: str,
    scheme: str,
    now: datetime,
    chosen: bool = False,
    still_by_mail: bool = False,
) -> bool:
    """Put another encoding in the place of `expected`: of the same password, or of a newly
    `chosen` one, which is `still_by_mail` since when the former was. False when the account has
    another by now: a change that came between wins."""
    values: dict[str, object] = {"encoded": encoded, "scheme": scheme, "encoded_at": now}
    if chosen:
        values |= {"must_change": False, "failures": 0}
        if not still_by_mail:
            values |= {"changed_at": now, "by_mail": False}
    changed = tx.execute(
        passwords.update()
        .where(passwords.c.account_id == account_id, passwords.c.encoded == expected)
        .values(values)
    )
    return changed.rowcount == 1


def schemes_in_use(tx: Tx) -> dict[str, str]:
    """Each scheme, with one encoding of it. Leaps from one to the next in the index: a DISTINCT
    would walk over every account."""
    found: dict[str, str] = {}
    scheme = tx.execute(_next_scheme, {"after": ""}).scalar_one_or_none()
    while scheme is not None:
        found[scheme] = tx.execute(_sample, {"scheme": scheme}).scalar_one()
        scheme = tx.execute(_next_scheme, {"after": scheme}).scalar_one_or_none()
    return found


def remember(tx: Tx, account_id: str, encoded: str, *, now: datetime, keep: int) -> None:
    """Add to the account's history, and forget what is older than its newest `keep`."""
    tx.execute(
        insert(tx, password_history)
        .values(id=fingerprint(encoded), account_id=account_id, encoded=encoded, set_at=now)
        .on_conflict_do_nothing()
    )
    kept = _newest(account_id, password_history.c.id).limit(keep)
    ids = [row.id for row in tx.execute(kept)]
    tx.execute(
        password_history.delete().where(
            password_history.c.account_id == account_id, password_history.c.id.not_in(ids)
        )
    )


def recent(tx: Tx, account_id: str, *, limit: int) -> list[str]:
    """The encodings of the account's last passwords, the newest first."""
    rows = tx.execute(_newest(account_id, password_history.c.encoded).limit(limit))
    return [row.encoded for row in rows]


def _newest(account_id: str, column: sa.Column[str]) -> sa.Select[str]:
    return (
        sa.select(column)
        .where(password_history.c.account_id == account_id)
        .order_by(password_history.c.set_at.desc(), password_history.c.id)
    )
