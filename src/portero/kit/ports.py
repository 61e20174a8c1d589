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
