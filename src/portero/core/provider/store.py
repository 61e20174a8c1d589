"""The tables of grants and refresh tokens. Spending a refresh token is one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from portero.core.accounts.store import account_of, accounts, lives_clause
from portero.core.provider.model import Basis, Grant, RefreshState, SpentRefresh
from portero.core.sessions.store import live_clause, session_of, sessions
from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.kit.prepared import Prepared, UpdateBeside
from portero.kit.values import names_in, values_in

grants: Final = sa.Table(
    "grants",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("session_id", sa.String(36), nullable=False, index=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("offline", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("revoked_at", UtcTime),
    sa.Column("auth_time", UtcTime, nullable=False),
    sa.Column("acr", sa.String(16), nullable=False),
    sa.Column("amr", Json, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("claims", Json, nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Column("jkt", sa.String(64), nullable=False),
    sa.Column("x5t_s256", sa.String(64), nullable=False),
    sa.Index("ix_grants_account_id", "account_id", "client_id"),
)

refresh_tokens: Final = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column(
        "grant_id",
        sa.String(36),
        sa.ForeignKey("grants.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("spent_at", UtcTime),
)

_grant_columns: Final = tuple(grants.c[name] for name in names_in(Grant))
_in_a_row: Final = itemgetter(*_grant_columns)
_of_session: Final = ("auth_time", "acr", "amr")
_add_grant_on_session: Final = Prepared(
    grants.insert()
    .from_select(
        names_in(Grant),
        sa.select(
            *(
                sessions.c[name]
                if name in _of_session
                else sa.case(
                    (sessions.c.second_factor_put_off, sessions.c.expires_at),
                    (sa.bindparam("offline", type_=sa.Boolean), sa.bindparam(name, type_=UtcTime)),
                    else_=sessions.c.expires_at,
                )
                if name == "expires_at"
                else sa.bindparam(name, type_=grants.c[name].type)
                for name in names_in(Grant)
            )
        ).where(
            sessions.c.id == sa.bindparam("session_id", type_=sessions.c.id.type),
            sessions.c.account_id == sa.bindparam("account_id", type_=sessions.c.id.type),
            live_clause(sa.bindparam("now", type_=UtcTime)),
        ),
    )
    .returning(*(grants.c[name] for name in (*_of_session, "expires_at")))
)
_add_refresh: Final = Prepared(
    refresh_tokens.insert(), ("token_hash", "grant_id", "client_id", "created_at", "expires_at")
)
_spent: Final = sa.select(refresh_tokens.c.grant_id, refresh_tokens.c.spent_at).where(
    refresh_tokens.c.token_hash == sa.bindparam("hash"),
    refresh_tokens.c.client_id == sa.bindparam("client"),
)


def add_grant_on_session(tx: Tx, grant: Grant, *, now: datetime) -> Grant | None:
    """Insert a grant that takes from its session how the person signed in, and its end unless it is
    offline (and no second factor put off); one statement, None when session or account is over."""
    row = _add_grant_on_session.one_or_none(tx, {**_values(grant), "now": now})
    return None if row is None else Grant(**values_in(grant) | row | {"amr": tuple(row["amr"])})


def _values(grant: Grant) -> dict[str, Any]:
    return {
        **values_in(grant),
        "amr": list(grant.amr),
        "resources": list(grant.resources),
        "claims": dict(grant.claims),
        "details": [dict(each) for each in grant.details],
    }


def _grant(found: Mapping[Any, Any]) -> Grant:
    values = dict(zip(names_in(Grant), _in_a_row(found), strict=True))
    for name in ("amr", "resources", "details"):
        values[name] = tuple(values[name])
    return Grant(**values)


def add_refresh(
    tx: Tx, token_hash: str, grant: Grant, *, now: datetime, expires_at: datetime
) -> None:
    _add_refresh.later(
        tx,
        {
            "token_hash": token_hash,
            "grant_id": grant.id,
            "client_id": grant.client_id,
            "created_at": now,
            "expires_at": expires_at,
        },
    )


def is_unspent(tx: Tx, token_hash: str, grant_id: str, *, now: datetime) -> bool:
    """Whether that token of the grant exists and nobody has used it."""
    found = sa.select(sa.literal(1)).where(_good(token_hash, now))
    return tx.execute(found.where(refresh_tokens.c.grant_id == grant_id)).one_or_none() is not None


def _good(token_hash: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        refresh_tokens.c.token_hash == token_hash,
        refresh_tokens.c.spent_at.is_(None),
        refresh_tokens.c.expires_at > now,
    )


def _live(columns: sa.Select[Any]) -> sa.Select[Any]:
    """Of grants whose account and session live too."""
    now: sa.BindParameter[datetime] = sa.bindparam("now", type_=UtcTime)
    return (
        columns.select_from(grants)
        .join(accounts, accounts.c.id == grants.c.account_id)
        .outerjoin(
            sessions, sa.and_(sessions.c.id == grants.c.session_id, grants.c.offline.is_(False))
        )
        .where(
            grants.c.revoked_at.is_(None),
            grants.c.expires_at > now,
            lives_clause(grants.c.created_at),
            sa.or_(grants.c.offline, live_clause(now)),
        )
    )


_whole_basis: Final = _live(
    sa.select(*_grant_columns, *sessions.c, *accounts.c).set_label_style(
        sa.LABEL_STYLE_TABLENAME_PLUS_COL
    )
)
_basis: Final = Prepared(_whole_basis.where(grants.c.id == sa.bindparam("grant")))
_spend: Final = UpdateBeside(
    refresh_tokens.update()
    .where(
        refresh_tokens.c.token_hash == sa.bindparam("hash"),
        refresh_tokens.c.client_id == sa.bindparam("client"),
        refresh_tokens.c.spent_at.is_(None),
        refresh_tokens.c.expires_at > sa.bindparam("now"),
    )
    .values(spent_at=sa.bindparam("now")),
    _whole_basis,
    on=(refresh_tokens.c.grant_id, grants.c.id),
)
_holders: Final = (
    _live(sa.select(grants.c.client_id, grants.c.scope, sa.func.min(grants.c.created_at)))
    .where(grants.c.account_id == sa.bindparam("account"))
    .group_by(grants.c.client_id, grants.c.scope)
)


def spend_refresh(tx: Tx, token_hash: str, client_id: str, *, now: datetime) -> SpentRefresh:
    """Spend it, if what it rests on lives: of any number of parallel tries exactly one is told
    FRESH."""
    key = {"hash": token_hash, "client": client_id}
    basis = _basis_in(_spend.rows_by_column(tx, {**key, "now": now}))
    if basis is not None:
        return SpentRefresh(RefreshState.FRESH, basis.grant.id, now, basis)
    found = tx.execute(_spent, key).one_or_none()
    if found is None or found.spent_at is None:
        # Never issued, another client's, expired unspent, or what it rests on has ended.
        return SpentRefresh(RefreshState.UNKNOWN)
    return SpentRefresh(RefreshState.SPENT, found.grant_id, found.spent_at)


def find_live_basis(tx: Tx, grant_id: str, *, now: datetime) -> Basis | None:
    """The grant with its account, and its session where it rests on one, if all of them live."""
    return _basis_in(_basis.rows_by_column(tx, {"grant": grant_id, "now": now}))


def _basis_in(rows: Sequence[Mapping[Any, Any]]) -> Basis | None:
    if not rows:
        return None
    row, grant = rows[0], _grant(rows[0])
    return Basis(grant, account_of(row), None if grant.offline else session_of(row))


def holders_of_grants(tx: Tx, account_id: str, *, now: datetime) -> list[tuple[str, str, datetime]]:
    """(client, scope, since when) for whatever the account's live grants let clients do."""
    rows = tx.execute(_holders, {"account": account_id, "now": now})
    return [(client_id, scope, since) for client_id, scope, since in rows]


def revoke_grant(tx: Tx, grant_id: str, *, now: datetime) -> bool:
    """End a grant with every token on it; False when it was over already."""
    changed = tx.execute(
        grants.update()
        .where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return changed.rowcount == 1


def revoke_grants_of(tx: Tx, account_id: str, client_id: str, *, now: datetime) -> list[str]:
    """End everything that the account let the client do. The ids of what was ended."""
    rows = tx.execute(
        grants.update()
        .where(
            grants.c.account_id == account_id,
            grants.c.client_id == client_id,
            grants.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(grants.c.id)
    )
    return [row.id for row in rows]


def clients_of_sessions(tx: Tx, session_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(session, client) for each client that ever had a grant on one of the sessions: it may keep
    a session of its own, whatever became of the grant."""
    pair = (grants.c.session_id, grants.c.client_id)
    rows = tx.execute(sa.select(*pair).where(grants.c.session_id.in_(session_ids)).distinct())
    return [(row.session_id, row.client_id) for row in rows]


def find_grant_of_refresh(tx: Tx, token_hash: str) -> Grant | None:
    """The grant that a refresh token belongs to, spent ones included; live or not."""
    row = tx.execute(
        sa.select(*_grant_columns)
        .join(refresh_tokens, refresh_tokens.c.grant_id == grants.c.id)
        .where(refresh_tokens.c.token_hash == token_hash)
    ).one_or_none()
    return None if row is None else _grant(row._mapping)


def find_refresh(
    tx: Tx, token_hash: str, client_id: str, *, now: datetime
) -> tuple[str, datetime] | None:
    """The grant and the end of a live refresh token, which is not spent by this; None for any
    other."""
    found = sa.select(refresh_tokens.c.grant_id, refresh_tokens.c.expires_at).where(
        _good(token_hash, now), refresh_tokens.c.client_id == client_id
    )
    row = tx.execute(found).one_or_none()
    return None if row is None else (row.grant_id, row.expires_at)


def prolong_refresh(tx: Tx, token_hash: str, *, expires_at: datetime) -> None:
    """One that stays when it is used (FAPI 2.0) does not expire as if it were not."""
    used = refresh_tokens.c.token_hash == token_hash
    tx.execute(refresh_tokens.update().where(used).values(expires_at=expires_at))


def purge_refresh_tokens(tx: Tx, *, before: datetime) -> int:
    """Forget refresh tokens that expired before then. A spent one is kept as long: it costs one
    row, and finding it sooner would cost an index on the busiest table."""
    old = refresh_tokens.c.expires_at < before
    return tx.execute(refresh_tokens.delete().where(old)).rowcount


def purge_grants(tx: Tx, *, before: datetime) -> int:
    """Forget grants that expired before then, with whatever hangs on them."""
    return tx.execute(grants.delete().where(grants.c.expires_at < before)).rowcount
