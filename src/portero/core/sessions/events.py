"""What happens to sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """Somebody signed in; `factor` says with what, `acr` to which level."""

    kind: ClassVar[str] = "session.started"
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """Sessions were ended, with every token that hangs on them."""

    kind: ClassVar[str] = "session.ended"
    reason: str
    count: int
