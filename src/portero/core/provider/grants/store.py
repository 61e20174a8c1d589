"""What several grants ask the database."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.accounts.model import Account
from portero.core.accounts.store import account_of, accounts
from portero.core.provider.model import Grant
from portero.core.provider.store import grants
from portero.core.sessions import Session
from portero.core.sessions.store import live_clause, session_of, sessions
from portero.kit.db import Tx, UtcTime
from portero.kit.values import values_in

_session_basis: Final = (
    sa.select(*sessions.c, *accounts.c)
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .where(
        sessions.c.id == sa.bindparam("session"),
        sessions.c.account_id == sa.bindparam("account"),
        live_clause(sa.bindparam("now", type_=UtcTime)),
    )
)


def find_live_session(
    tx: Tx, session_id: str, account_id: str, *, now: datetime
) -> tuple[Session, Account] | None:
    """A session with its account, if both live."""
    values = {"session": session_id, "account": account_id, "now": now}
    row = tx.execute(_session_basis, values).one_or_none()
    return None if row is None else (session_of(row._mapping), account_of(row._mapping))


def add_grant(tx: Tx, grant: Grant) -> None:
    """A grant that rests on no session. Those on one: `provider.store.add_grant_on_session`."""
    values = values_in(grant)
    lists = {name: list(values[name]) for name in ("amr", "resources", "details")}
    tx.execute(grants.insert().values({**values, **lists, "claims": dict(grant.claims)}))
