"""The tables of sessions and browsers. A session is always fetched with its owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from portero.core.accounts.model import AccountState
from portero.core.accounts.store import accounts
from portero.core.sessions.model import EndReason, Proven, Session
from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.kit.prepared import Prepared
from portero.kit.values import names_in, values_in

browsers: Final = sa.Table(
    "browsers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False, index=True),
    sa.Column("lasts", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("chosen_session_id", sa.String(36), nullable=False, server_default=""),
)

sessions: Final = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("browser_id", sa.String(36), nullable=False, index=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("auth_time", UtcTime, nullable=False),
    sa.Column("last_used_at", UtcTime, nullable=False),
    sa.Column("idle_until", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("acr", sa.String(16), nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("user_agent", sa.String(512), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("end_reason", sa.String(32), nullable=False),
    sa.Column("second_factor_put_off", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_sessions_account_id", "account_id", "ended_at"),
)

_in_a_row: Final = itemgetter(*(sessions.c[name] for name in names_in(Session)))
_add: Final = Prepared(sessions.insert(), names_in(Session))


_beyond: Final = (
    sa.select(sessions.c.id)
    .where(sessions.c.account_id == sa.bindparam("account"), sessions.c.ended_at.is_(None))
    .offset(sa.bindparam("keep", type_=sa.Integer))
)
_is_any_beyond: Final = Prepared(_beyond.limit(1))
_end_beyond: Final = Prepared(
    sessions.update()
    .where(
        sessions.c.id.in_(_beyond.order_by(sessions.c.last_used_at.desc(), sessions.c.id.desc()))
    )
    .values(ended_at=sa.bindparam("now"), end_reason=sa.bindparam("reason"))
    .returning(sessions.c.id)
)


# Of several in one browser: the one that the person chose, then the one proven last.
first_meant: Final = (
    sa.case((sessions.c.id == browsers.c.chosen_session_id, 0), else_=1),
    sessions.c.auth_time.desc(),
)


def add(tx: Tx, session: Session) -> None:
    values = values_in(session)
    values["amr"] = list(session.amr)
    _add.later(tx, values)


def live_clause(now: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
    """The session and its account both live."""
    return sa.and_(
        sessions.c.ended_at.is_(None),
        sessions.c.idle_until > now,
        sessions.c.expires_at > now,
        sa.select(sa.literal(1))
        .where(accounts.c.id == sessions.c.account_id, accounts.c.state == AccountState.ACTIVE)
        .correlate(sessions)
        .exists(),
    )


def find_live(tx: Tx, account_id: str, session_id: str, *, now: datetime) -> Session | None:
    row = tx.execute(
        sa.select(sessions).where(
            sessions.c.id == session_id, sessions.c.account_id == account_id, live_clause(now)
        )
    ).one_or_none()
    return None if row is None else session_of(row._mapping)


def list_live(tx: Tx, account_id: str, *, now: datetime, limit: int) -> list[Session]:
    rows = tx.execute(
        sa.select(sessions)
        .where(sessions.c.account_id == account_id, live_clause(now))
        .order_by(sessions.c.last_used_at.desc(), sessions.c.id)
        .limit(limit)
    )
    return [session_of(row._mapping) for row in rows]


def list_known(tx: Tx, account_id: str, *, limit: int) -> list[Session]:
    """All that are still held, ended or not, the newest first."""
    rows = tx.execute(
        sa.select(sessions)
        .where(sessions.c.account_id == account_id)
        .order_by(sessions.c.id.desc())
        .limit(limit)
    )
    return [session_of(row._mapping) for row in rows]


def find_by_browser(tx: Tx, secret_hash: str, *, now: datetime) -> list[Session]:
    """The live sessions of the browser whose cookie hashes to that, the one that is meant
    first."""
    rows = tx.execute(
        sa.select(sessions)
        .join(browsers, browsers.c.id == sessions.c.browser_id)
        .where(browsers.c.secret_hash == secret_hash, live_clause(now))
        .order_by(*first_meant)
    )
    return [session_of(row._mapping) for row in rows]


def touch(
    tx: Tx, session_id: str, *, now: datetime, idle_until: datetime, unless_after: datetime
) -> None:
    """Note a use, unless one was noted after that moment."""
    tx.execute(
        sessions.update()
        .where(sessions.c.id == session_id, sessions.c.last_used_at <= unless_after)
        .values(last_used_at=now, idle_until=idle_until)
    )


def end(
    tx: Tx,
    account_id: str,
    *,
    now: datetime,
    reason: EndReason,
    only: Sequence[str] | None = None,
    but: Sequence[str] = (),
) -> list[str]:
    """End an account's open sessions: all of them, `only` some, or all `but` some. Their ids."""
    update = sessions.update().where(
        sessions.c.account_id == account_id, sessions.c.ended_at.is_(None)
    )
    if only is not None:
        update = update.where(sessions.c.id.in_(only))
    if but:
        update = update.where(sessions.c.id.not_in(but))
    rows = tx.execute(update.values(ended_at=now, end_reason=reason).returning(sessions.c.id))
    return [row.id for row in rows]


def end_beyond(
    tx: Tx, account_id: str, *, keep: int, now: datetime, reason: EndReason
) -> list[str]:
    """End the account's open sessions but the `keep` that were used last. Their ids."""
    values = {"account": account_id, "keep": keep, "now": now, "reason": reason}
    if not _is_any_beyond.rows(tx, values):  # as nearly always, and this costs a fifth
        return []
    return [row["id"] for row in _end_beyond.rows(tx, values)]


def add_browser(tx: Tx, browser_id: str, secret_hash: str, *, now: datetime, lasts: bool) -> None:
    tx.execute(
        browsers.insert().values(
            id=browser_id, secret_hash=secret_hash, created_at=now, lasts=lasts
        )
    )


def renew_browser(
    tx: Tx, secret_hash: str, *, new_hash: str, lasts: bool
) -> tuple[str, bool] | None:
    """Give the browser a new secret; the old cookie is nothing from now on. Its id and whether it
    lasts, now or since before; None for an unknown one."""
    row = tx.execute(
        browsers.update()
        .where(browsers.c.secret_hash == secret_hash)
        .values(
            secret_hash=new_hash,
            chosen_session_id="",
            lasts=sa.or_(browsers.c.lasts, sa.literal(lasts)),
        )
        .returning(browsers.c.id, browsers.c.lasts)
    ).one_or_none()
    return None if row is None else (row.id, row.lasts)


def choose(tx: Tx, secret_hash: str, session_id: str) -> None:
    """Note which of its sessions the person in that browser goes on with, until somebody signs in
    there."""
    tx.execute(
        browsers.update()
        .where(browsers.c.secret_hash == secret_hash)
        .values(chosen_session_id=session_id)
    )


def prove_again(
    tx: Tx,
    account_id: str,
    browser_id: str,
    *,
    now: datetime,
    idle_until: datetime,
    proven: Proven,
) -> Session | None:
    """Note a new proof on the live session that this browser has of the account, if it has one."""
    latest = proven.put_off_until
    row = tx.execute(
        sessions.update()
        .where(
            sessions.c.account_id == account_id,
            sessions.c.browser_id == browser_id,
            live_clause(now),
        )
        .values(
            auth_time=proven.at or now,
            last_used_at=now,
            idle_until=idle_until,
            acr=proven.acr,
            amr=list(proven.amr),
            second_factor_put_off=latest is not None,
            **({} if latest is None else {"expires_at": _at_most(latest)}),
        )
        .returning(sessions)
    ).one_or_none()
    return None if row is None else session_of(row._mapping)


def _at_most(latest: datetime) -> sa.Case[datetime]:
    expires_at = sessions.c.expires_at
    return sa.case((expires_at > latest, sa.literal(latest, UtcTime)), else_=expires_at)


def put_off_no_more(tx: Tx, account_id: str) -> None:
    """A factor is there: no session does without it for having put it off."""
    tx.execute(
        sessions.update()
        .where(sessions.c.account_id == account_id, sessions.c.second_factor_put_off)
        .values(second_factor_put_off=False)
    )


def lift(
    tx: Tx, account_id: str, session_id: str, *, now: datetime, acr: str, amr: Sequence[str]
) -> Session | None:
    """Note a further proof on that live session."""
    row = tx.execute(
        sessions.update()
        .where(sessions.c.id == session_id, sessions.c.account_id == account_id, live_clause(now))
        .values(auth_time=now, acr=acr, amr=list(amr))
        .returning(sessions)
    ).one_or_none()
    return None if row is None else session_of(row._mapping)


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget sessions whose lifetime ended before that moment."""
    return tx.execute(sessions.delete().where(sessions.c.expires_at < before)).rowcount


def purge_browsers(tx: Tx, *, before: datetime) -> int:
    """Forget browsers from before then that hold no session: most were made by somebody who looked
    at a sign-in page and left."""
    held = sa.select(sa.literal(1)).where(sessions.c.browser_id == browsers.c.id).exists()
    return tx.execute(browsers.delete().where(browsers.c.created_at < before, ~held)).rowcount


def session_of(found: Mapping[Any, Any]) -> Session:
    """A session from a row that holds, by column, (at least) all of the table."""
    values = dict(zip(names_in(Session), _in_a_row(found), strict=True))
    values["amr"] = tuple(values["amr"])
    return Session(**values)
