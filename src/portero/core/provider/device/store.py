"""The table of device requests. Deciding and redeeming are one conditional statement each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.core.provider.device.model import DeviceRequest, DeviceState, Poll, PollOutcome
from portero.kit.db import Json, Tx, UtcTime, insert, metadata

# RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
SLOWER_BY_SECONDS: Final = 5

device_requests: Final = sa.Table(
    "device_requests",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    # SHA-256 of the device code
    sa.Column("device_hash", sa.String(64), nullable=False, unique=True),
    # HMAC of the user code: 34 bits would be found from a plain hash
    sa.Column("user_code_mac", sa.String(64), nullable=False, unique=True),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("code_challenge", sa.String(128), nullable=False),
    sa.Column("jkt", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # '' until somebody decides
    sa.Column("account_id", sa.String(36), nullable=False),
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

_columns: Final = tuple(device_requests.c[name] for name in DeviceRequest.__slots__)


def add(
    tx: Tx, request: DeviceRequest, *, device_hash: str, user_code_mac: str, interval_seconds: int
) -> bool:
    """False when somebody holds that user code already: then another one is made."""
    values: dict[str, Any] = {name: getattr(request, name) for name in DeviceRequest.__slots__}
    row = tx.execute(
        insert(tx, device_requests)
        .values(
            **{**values, "resources": list(request.resources)},
            device_hash=device_hash,
            user_code_mac=user_code_mac,
            next_poll=0,
            interval_seconds=interval_seconds,
            hurried=False,
        )
        .on_conflict_do_nothing()
        .returning(device_requests.c.id)
    ).one_or_none()
    return row is not None


def find_pending(tx: Tx, user_code_macs: Sequence[str], *, now: datetime) -> DeviceRequest | None:
    """The undecided request behind a user code."""
    row = tx.execute(
        sa.select(*_columns).where(
            device_requests.c.user_code_mac.in_(user_code_macs), *_undecided(now)
        )
    ).one_or_none()
    return None if row is None else _request(row)


def decide(
    tx: Tx, request_id: str, state: DeviceState, account_id: str, session_id: str, *, now: datetime
) -> bool:
    """Claim the request for that session; of any number of deciders one is told True."""
    row = tx.execute(
        device_requests.update()
        .where(device_requests.c.id == request_id, *_undecided(now))
        .values(state=state, account_id=account_id, session_id=session_id)
        .returning(device_requests.c.id)
    ).one_or_none()
    return row is not None


def poll(tx: Tx, device_hash: str, client_id: str, grant_id: str, *, now: datetime) -> Poll:
    """The device asks. One statement answers, counts the poll, and writes `grant_id` into an
    approved request that has none: of any number of parallel polls exactly one finds its own
    there, and that one is FRESH."""
    table, seconds = device_requests.c, int(now.timestamp())
    hurried = table.next_poll > seconds
    slower = sa.case((hurried, SLOWER_BY_SECONDS), else_=0)
    ripe = sa.and_(
        table.state == DeviceState.APPROVED, table.grant_id == "", table.expires_at > now
    )
    row = tx.execute(
        device_requests.update()
        .where(table.device_hash == device_hash, table.client_id == client_id)
        .values(
            grant_id=sa.case((ripe, grant_id), else_=table.grant_id),
            hurried=sa.case((hurried, sa.true()), else_=sa.false()),
            interval_seconds=table.interval_seconds + slower,
            next_poll=seconds + table.interval_seconds + slower,
        )
        .returning(*_columns, table.hurried)
    ).one_or_none()
    if row is None:
        return Poll(PollOutcome.UNKNOWN)
    request = _request(row)
    if request.grant_id == grant_id:
        return Poll(PollOutcome.FRESH, request)
    return Poll(_waiting(request, now, hurried=row.hurried))


def _waiting(request: DeviceRequest, now: datetime, *, hurried: bool) -> PollOutcome:
    if request.grant_id:
        return PollOutcome.UNKNOWN
    if request.expires_at <= now:
        return PollOutcome.EXPIRED
    if request.state is DeviceState.DENIED:
        return PollOutcome.DENIED
    return PollOutcome.SLOW_DOWN if hurried else PollOutcome.PENDING


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget requests that expired before then."""
    return tx.execute(
        device_requests.delete().where(device_requests.c.expires_at < before)
    ).rowcount


def _undecided(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (device_requests.c.state == DeviceState.PENDING, device_requests.c.expires_at > now)


def _request(row: sa.Row[Any]) -> DeviceRequest:
    values = {name: row._mapping[device_requests.c[name]] for name in DeviceRequest.__slots__}
    values["resources"] = tuple(values["resources"])
    values["state"] = DeviceState(values["state"])
    return DeviceRequest(**values)
