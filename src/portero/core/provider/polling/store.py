"""A table of requests that are polled for. Deciding and redeeming are one conditional statement
each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, Generic

import sqlalchemy as sa

from portero.core.provider.polling import rules
from portero.core.provider.polling.model import Poll, PollOutcome, R, RequestState
from portero.kit.db import Json, Tx, UtcTime, insert


def polled_columns() -> tuple[sa.Column[Any], ...]:
    """What each such table has, beside its secrets and its `account_id`."""
    return (
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("resources", Json, nullable=False),
        sa.Column("jkt", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        # '' until somebody decides
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("grant_id", sa.String(36), nullable=False),
        # seconds since 1970, so that the next moment is computed in the statement itself
        sa.Column("next_poll", sa.BigInteger, nullable=False),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        # whether the last poll came too soon
        sa.Column("hurried", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False, index=True),
    )


class PolledRequests(Generic[R]):
    """The verbs of one table. `by` is the column with the hash of what the client polls with;
    `lives` has to be true of a row whose account may still decide, and get tokens."""

    def __init__(
        self,
        table: sa.Table,
        kind: type[R],
        *,
        by: sa.ColumnElement[str],
        lives: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self._table = table
        self._kind = kind
        self._by = by
        self._lives = sa.true() if lives is None else lives
        self._columns = tuple(table.c[each.name] for each in fields(kind))

    def add(self, tx: Tx, request: R, secrets: dict[str, str]) -> bool:
        """False when one of its secrets is somebody's already: then another one is made."""
        values = {each.name: _plain(getattr(request, each.name)) for each in fields(self._kind)}
        row = tx.execute(
            insert(tx, self._table)
            .values(
                **values,
                **secrets,
                next_poll=0,
                interval_seconds=rules.INTERVAL_SECONDS,
                hurried=False,
            )
            .on_conflict_do_nothing()
            .returning(self._table.c.id)
        ).one_or_none()
        return row is not None

    def list_pending(
        self, tx: Tx, *which: sa.ColumnElement[bool], now: datetime, limit: int
    ) -> list[R]:
        """The undecided requests of that kind, the newest first."""
        rows = tx.execute(
            sa.select(*self._columns)
            .where(*which, *self._undecided(now))
            .order_by(self._table.c.created_at.desc(), self._table.c.id.desc())
            .limit(limit)
        )
        return [self._request(row) for row in rows]

    def find_pending(self, tx: Tx, *which: sa.ColumnElement[bool], now: datetime) -> R | None:
        return next(iter(self.list_pending(tx, *which, now=now, limit=1)), None)

    def decide(
        self,
        tx: Tx,
        request_id: str,
        state: RequestState,
        account_id: str,
        session_id: str,
        *,
        now: datetime,
    ) -> bool:
        """Claim the request for that session; of any number of deciders one is told True. A
        request that is meant for somebody else is nobody's to claim."""
        table = self._table.c
        row = tx.execute(
            self._table.update()
            .where(
                table.id == request_id,
                table.account_id.in_(("", account_id)),
                *self._undecided(now),
            )
            .values(state=state, account_id=account_id, session_id=session_id)
            .returning(table.id)
        ).one_or_none()
        return row is not None

    def poll(
        self, tx: Tx, secret_hash: str, client_id: str, grant_id: str, *, now: datetime
    ) -> Poll[R]:
        """The client asks. One statement answers, counts the poll, and writes `grant_id` into an
        approved request that has none: of any number of parallel polls exactly one finds its own
        there, and that one is FRESH."""
        table, seconds = self._table.c, int(now.timestamp())
        hurried = table.next_poll > seconds
        slower = sa.case((hurried, rules.SLOWER_BY_SECONDS), else_=0)
        ripe = sa.and_(
            table.state == RequestState.APPROVED, table.grant_id == "", table.expires_at > now
        )
        row = tx.execute(
            self._table.update()
            .where(self._by == secret_hash, table.client_id == client_id, self._lives)
            .values(
                grant_id=sa.case((ripe, grant_id), else_=table.grant_id),
                hurried=sa.case((hurried, sa.true()), else_=sa.false()),
                interval_seconds=table.interval_seconds + slower,
                next_poll=seconds + table.interval_seconds + slower,
            )
            .returning(*self._columns, table.hurried)
        ).one_or_none()
        if row is None:
            return Poll(PollOutcome.UNKNOWN)
        request = self._request(row)
        if request.grant_id == grant_id:
            return Poll(PollOutcome.FRESH, request)
        return Poll(rules.waiting(request, now, hurried=row.hurried))

    def end_unspent(self, tx: Tx, account_id: str, client_id: str) -> int:
        """Take away what the account has not decided, or decided and nobody redeemed yet."""
        table = self._table.c
        return tx.execute(
            self._table.delete().where(
                table.account_id == account_id, table.client_id == client_id, table.grant_id == ""
            )
        ).rowcount

    def purge(self, tx: Tx, *, before: datetime) -> int:
        """Forget requests that expired before then."""
        old = self._table.c.expires_at < before
        return tx.execute(self._table.delete().where(old)).rowcount

    def _undecided(self, now: datetime) -> Iterable[sa.ColumnElement[bool]]:
        table = self._table.c
        return (table.state == RequestState.PENDING, table.expires_at > now, self._lives)

    def _request(self, row: sa.Row[Any]) -> R:
        values = {column.name: _frozen(row._mapping[column]) for column in self._columns}
        values["state"] = RequestState(values["state"])
        return self._kind(**values)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
