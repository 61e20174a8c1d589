"""The two effects that nearly every verb needs, as arguments: time and chance."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""


class Dice(Protocol):
    def new_id(self) -> str:
        """A UUIDv7 as text: unique, ordered by time, and not a secret."""

    def token(self, bits: int = 256) -> str:
        """An unguessable text of that many random bits, in base64url without padding."""


class Meter(Protocol):
    """What is counted for whoever runs the service. Counting never fails and never waits."""

    def event(self, kind: str, outcome: str) -> None:
        """An audit event was recorded."""

    def request(self, status: int, seconds: float) -> None:
        """A request was answered with that status, after that time."""

    def breach_failure(self) -> None:
        """The breached-password service did not answer, and a password was let through."""


class NoMeter:
    """Metrics are off."""

    def event(self, kind: str, outcome: str) -> None:
        pass

    def request(self, status: int, seconds: float) -> None:
        pass

    def breach_failure(self) -> None:
        pass
