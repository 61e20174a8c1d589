"""The table of backchannel authentication requests. One is always fetched with its account."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.accounts.store import accounts, lives_clause
from portero.core.provider.ciba.model import CibaRequest
from portero.core.provider.polling.store import PolledRequests, polled_columns
from portero.kit.db import Json, Tx, metadata

ciba_requests: Final = sa.Table(
    "ciba_requests",
    metadata,
    *polled_columns(),
    # SHA-256 of the auth_req_id
    sa.Column("request_hash", sa.String(64), nullable=False, unique=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("binding_message", sa.String(64), nullable=False),
    sa.Column("acr_values", Json, nullable=False),
    sa.Column("details", Json, nullable=False),
    # auth_req_id and client_notification_token, encrypted; '' for a client that polls
    sa.Column("ping_sealed", sa.Text, nullable=False),
)

requests: Final = PolledRequests(
    ciba_requests,
    CibaRequest,
    by=ciba_requests.c.request_hash,
    lives=sa.select(sa.literal(1))
    .where(accounts.c.id == ciba_requests.c.account_id, lives_clause(ciba_requests.c.created_at))
    .correlate(ciba_requests)
    .exists(),
)


def list_pending(tx: Tx, account_id: str, *, now: datetime, limit: int) -> list[CibaRequest]:
    """What waits for that account, the newest first."""
    return requests.list_pending(tx, ciba_requests.c.account_id == account_id, now=now, limit=limit)


def find_pending(tx: Tx, account_id: str, request_id: str, *, now: datetime) -> CibaRequest | None:
    return requests.find_pending(
        tx,
        ciba_requests.c.account_id == account_id,
        ciba_requests.c.id == request_id,
        now=now,
    )


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget requests that expired before then."""
    return requests.purge(tx, before=before)
