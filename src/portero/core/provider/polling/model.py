"""A request that is polled for, from its start to the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar


class RequestState(StrEnum):
    PENDING = "pending"  # nobody has decided yet
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledRequest:
    """What the client asked for, and who decided: `session_id` is '' until then, and so is
    `account_id` where anybody may decide.

    `jkt` is the key that it began with, '' for none. `grant_id` is that of the one redemption that
    succeeded.
    """

    id: str
    client_id: str
    scope: str
    resources: tuple[str, ...]
    jkt: str
    state: RequestState
    account_id: str
    session_id: str
    grant_id: str
    created_at: datetime
    expires_at: datetime


R = TypeVar("R", bound=PolledRequest)


class PollOutcome(StrEnum):
    """The answers to a client that asks for its tokens."""

    FRESH = "fresh"
    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    DENIED = "denied"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # or spent, or another client's


@dataclass(frozen=True, slots=True)
class Poll(Generic[R]):
    """`request` is there when FRESH."""

    outcome: PollOutcome
    request: R | None = None
