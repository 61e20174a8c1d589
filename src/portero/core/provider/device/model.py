"""A device's request, from its start to the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.core.clients import Client
from portero.kit.secrets import Secret


class DeviceState(StrEnum):
    PENDING = "pending"  # nobody has decided yet
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """What the device asked for, and who decided: account and session are '' until then.

    `jkt` and `code_challenge` are the key and the PKCE challenge that it began with, '' for none.
    `grant_id` is that of the one redemption that succeeded.
    """

    id: str
    client_id: str
    scope: str
    resources: tuple[str, ...]
    code_challenge: str
    jkt: str
    state: DeviceState
    account_id: str
    session_id: str
    grant_id: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceStarted:
    """What the device is told (RFC 8628 §3.2). Times in seconds."""

    device_code: Secret
    user_code: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class DeviceAsked:
    """What the person is shown before deciding."""

    client: Client
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    user_code: str


class PollOutcome(StrEnum):
    """The answers to a device that asks for its tokens."""

    FRESH = "fresh"
    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    DENIED = "denied"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # or spent, or another client's


@dataclass(frozen=True, slots=True)
class Poll:
    """`request` is there when FRESH."""

    outcome: PollOutcome
    request: DeviceRequest | None = None
