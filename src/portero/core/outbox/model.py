"""A job, its states, and how a deliverer says that it could not deliver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# What the worker adds to each payload that it hands to a deliverer: the job's id, the same at
# every try, and when it was enqueued (ISO 8601). A mail makes its Message-ID and Date of them, so
# that a mail sent twice is known as one.
JOB_ID: Final = "job_id"
QUEUED_AT: Final = "queued_at"

Deliverer = Callable[[Mapping[str, object]], None]
"""Delivers one payload, or raises; with no transaction open. It may be called twice for a job."""


class JobState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker may deliver until `leased_until`; `attempts` counts this try too."""

    id: str
    kind: str
    payload_sealed: str
    created_at: datetime
    attempts: int
    lease_id: str
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up; it keeps its payload, so that an operator can send it again."""

    id: str
    kind: str
    created_at: datetime
    finished_at: datetime
    attempts: int
    last_error: str


class DeliveryFailure(Exception):
    """A try failed. `reason` is stored and logged: a short text without payload or address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientFailure(DeliveryFailure):
    """It may work later: the job is tried again, `again_in` that time where there is no use in the
    usual patience."""

    def __init__(self, reason: str, *, again_in: timedelta | None = None) -> None:
        super().__init__(reason)
        self.again_in = again_in


class PermanentFailure(DeliveryFailure):
    """It never will work: the job is dead at once."""
