"""Who is signed in, in the browser that asks: one statement for all that the decision needs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.accounts.store import account_of, accounts
from portero.core.consent.store import consent_of, consents
from portero.core.provider.authorize.model import Seat, Visit
from portero.core.sessions.store import browsers, first_meant, live_clause, session_of, sessions
from portero.kit.db import Tx, UtcTime
from portero.kit.prepared import Prepared

_now: Final[sa.BindParameter[datetime]] = sa.bindparam("now", type_=UtcTime)
_seats: Final = Prepared(
    sa.select(browsers.c.id, *sessions.c, *accounts.c, *consents.c)
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    .select_from(browsers)
    .outerjoin(sessions, sa.and_(sessions.c.browser_id == browsers.c.id, live_clause(_now)))
    .outerjoin(accounts, accounts.c.id == sessions.c.account_id)
    .outerjoin(
        consents,
        sa.and_(
            consents.c.account_id == sessions.c.account_id,
            consents.c.client_id == sa.bindparam("client"),
        ),
    )
    .where(browsers.c.secret_hash == sa.bindparam("hash"))
    .order_by(*first_meant)
)


def find_visit(tx: Tx, secret_hash: str, client_id: str, *, now: datetime) -> Visit:
    """The browser that a cookie names, and the live sessions in it."""
    rows = _seats.rows_by_column(tx, {"hash": secret_hash, "client": client_id, "now": now})
    if not rows:
        return Visit("", ())
    seats = tuple(
        Seat(session_of(row), account_of(row), consent_of(row))
        for row in rows
        if row[sessions.c.id] is not None
    )
    return Visit(rows[0][browsers.c.id], seats)
