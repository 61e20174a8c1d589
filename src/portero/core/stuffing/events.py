"""The alarm goes on and off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StuffingBegan(Event):
    """A list of stolen passwords seems to be tried: strangers solve a puzzle before they sign in.
    `sign` is the figure that left its band; the others are those of the window so far."""

    kind: ClassVar[str] = "stuffing.began"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    sign: str
    failures: int
    successes: int
    names_by_network: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StuffingEnded(Event):
    """Sign-ins have been usual for an hour; `since` is when it began."""

    kind: ClassVar[str] = "stuffing.ended"
    since: str
