"""The tables of authorization codes and of waiting requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.core.provider.codes.model import AuthorizationCode, RedeemedCode, WaitingRequest
from portero.core.provider.model import RefreshState
from portero.core.sessions.store import browsers
from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

authorization_codes: Final = sa.Table(
    "authorization_codes",
    metadata,
    sa.Column("code_hash", sa.String(64), primary_key=True),
    sa.Column("grant_id", sa.String(36), nullable=False),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("session_id", sa.String(36), nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("redirect_uri_was_sent", sa.Boolean, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("resources", Json, nullable=False),
    sa.Column("nonce", sa.String(512), nullable=False),
    sa.Column("code_challenge", sa.String(128), nullable=False),
    sa.Column("dpop_jkt", sa.String(64), nullable=False),
    sa.Column("claims", Json, nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("spent_at", UtcTime),
)

waiting_requests: Final = sa.Table(
    "waiting_requests",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("handle_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("client_id", sa.String(255), nullable=False),
    sa.Column("browser_id", sa.String(36), nullable=False),
    sa.Column("parameters", Json, nullable=False),
    sa.Column("pushed_id", sa.String(64), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("chosen", sa.Boolean, nullable=False, server_default=sa.false()),
)

_code_columns: Final = tuple(authorization_codes.c[name] for name in AuthorizationCode.__slots__)
_add_code: Final = Prepared(
    authorization_codes.insert(), ("code_hash", *AuthorizationCode.__slots__)
)
_redeem: Final = Prepared(
    authorization_codes.update()
    .where(
        authorization_codes.c.code_hash == sa.bindparam("hash"),
        authorization_codes.c.client_id == sa.bindparam("client"),
        authorization_codes.c.spent_at.is_(None),
        authorization_codes.c.expires_at > sa.bindparam("now"),
    )
    .values(spent_at=sa.bindparam("now"))
    .returning(*_code_columns)
)


def add_code(tx: Tx, code_hash: str, code: AuthorizationCode) -> None:
    values: dict[str, Any] = {name: getattr(code, name) for name in AuthorizationCode.__slots__}
    values["resources"] = list(code.resources)
    values["claims"] = dict(code.claims)
    values["details"] = [dict(each) for each in code.details]
    _add_code.later(tx, {"code_hash": code_hash, **values})


def redeem_code(tx: Tx, code_hash: str, client_id: str, *, now: datetime) -> RedeemedCode:
    """Spend it: of any number of parallel tries exactly one is told FRESH."""
    row = _redeem.one_or_none(tx, {"hash": code_hash, "client": client_id, "now": now})
    if row is not None:
        row["resources"] = tuple(row["resources"])
        row["details"] = tuple(row["details"])
        return RedeemedCode(RefreshState.FRESH, AuthorizationCode(**row), row["grant_id"])
    spent = tx.execute(
        sa.select(authorization_codes.c.grant_id).where(
            authorization_codes.c.code_hash == code_hash,
            authorization_codes.c.client_id == client_id,
            authorization_codes.c.spent_at.is_not(None),
        )
    ).scalar_one_or_none()
    if spent is None:
        return RedeemedCode(RefreshState.UNKNOWN)
    return RedeemedCode(RefreshState.SPENT, None, spent)


def end_codes_of(tx: Tx, account_id: str, client_id: str) -> int:
    """Take away the codes that nobody has redeemed yet. Spent ones stay, so that a second use is
    still known as one."""
    return tx.execute(
        authorization_codes.delete().where(
            authorization_codes.c.account_id == account_id,
            authorization_codes.c.client_id == client_id,
            authorization_codes.c.spent_at.is_(None),
        )
    ).rowcount


def add_waiting(tx: Tx, handle_hash: str, request: WaitingRequest) -> None:
    values: dict[str, Any] = {name: getattr(request, name) for name in WaitingRequest.__slots__}
    values["parameters"] = {name: list(each) for name, each in request.parameters.items()}
    tx.execute(waiting_requests.insert().values(handle_hash=handle_hash, **values))


def find_waiting(
    tx: Tx, handle_hash: str, browser_hash: str, *, now: datetime
) -> WaitingRequest | None:
    """The request behind a handle, for the browser (by the hash of its cookie) that began it."""
    row = tx.execute(
        sa.select(waiting_requests)
        .join(browsers, browsers.c.id == waiting_requests.c.browser_id)
        .where(
            waiting_requests.c.handle_hash == handle_hash,
            browsers.c.secret_hash == browser_hash,
            waiting_requests.c.expires_at > now,
        )
    ).one_or_none()
    if row is None:
        return None
    values = {name: row._mapping[name] for name in WaitingRequest.__slots__}
    values["parameters"] = {name: tuple(each) for name, each in values["parameters"].items()}
    return WaitingRequest(**values)


def choose_waiting(tx: Tx, request_id: str) -> None:
    tx.execute(
        waiting_requests.update().where(waiting_requests.c.id == request_id).values(chosen=True)
    )


def end_waiting(tx: Tx, request_id: str) -> bool:
    """Take it away; False when another tab has finished it."""
    return (
        tx.execute(waiting_requests.delete().where(waiting_requests.c.id == request_id)).rowcount
        == 1
    )


def purge_codes(tx: Tx, *, before: datetime) -> int:
    """Forget codes that expired before then. Until then a second use is known as one."""
    old = authorization_codes.c.expires_at < before
    return tx.execute(authorization_codes.delete().where(old)).rowcount


def purge_waiting(tx: Tx, *, before: datetime) -> int:
    """Forget requests that nobody came back to."""
    return tx.execute(
        waiting_requests.delete().where(waiting_requests.c.expires_at < before)
    ).rowcount
