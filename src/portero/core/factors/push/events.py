"""What happens to questions and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSent(Event):
    """A question was queued for so many devices; neither its number nor a secret is in the log."""

    kind: ClassVar[str] = "push.sent"
    purpose: str
    devices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushApproved(Event):
    """It was approved on that device, with the right number."""

    kind: ClassVar[str] = "push.approved"
    purpose: str
    authenticator_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushWrongNumber(Event):
    """Another number than the one on the other screen was given on that device."""

    kind: ClassVar[str] = "push.wrong_number"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    authenticator_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDenied(Event):
    """“This wasn't me”: somebody else has the password, or the owner's open browser."""

    kind: ClassVar[str] = "push.denied"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    purpose: str
    authenticator_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushUnreachable(Event):
    """The push service says that the browser takes no messages any more."""

    kind: ClassVar[str] = "push.unreachable"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    authenticator_id: str
