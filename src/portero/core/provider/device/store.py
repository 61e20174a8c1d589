"""The table of device requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.provider.device.model import DeviceRequest
from portero.core.provider.polling.store import PolledRequests, polled_columns
from portero.kit.db import Tx, metadata

device_requests: Final = sa.Table(
    "device_requests",
    metadata,
    *polled_columns(),
    # SHA-256 of the device code
    sa.Column("device_hash", sa.String(64), nullable=False, unique=True),
    # HMAC of the user code: 34 bits would be found from a plain hash
    sa.Column("user_code_mac", sa.String(64), nullable=False, unique=True),
    # '' until somebody decides
    sa.Column("account_id", sa.String(36), nullable=False, index=True),
    sa.Column("code_challenge", sa.String(128), nullable=False),
)

requests: Final = PolledRequests(device_requests, DeviceRequest, by=device_requests.c.device_hash)


def add(tx: Tx, request: DeviceRequest, *, device_hash: str, user_code_mac: str) -> bool:
    """False when somebody holds that user code already: then another one is made."""
    return requests.add(tx, request, {"device_hash": device_hash, "user_code_mac": user_code_mac})


def find_pending(tx: Tx, user_code_macs: Sequence[str], *, now: datetime) -> DeviceRequest | None:
    """The undecided request behind a user code."""
    return requests.find_pending(tx, device_requests.c.user_code_mac.in_(user_code_macs), now=now)


def purge(tx: Tx, *, before: datetime) -> int:
    """Forget requests that expired before then."""
    return requests.purge(tx, before=before)
