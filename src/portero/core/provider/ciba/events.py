"""What happens to backchannel authentication requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaAskedFor(Event):
    """An application asked for a person who is elsewhere. `mailed`: the person was told by mail."""

    kind: ClassVar[str] = "ciba.asked"
    scope: str
    mailed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaLimited(Event):
    """An application asked too often: for one person, or with names that are nobody's. Written at
    the first refusal of each window."""

    kind: ClassVar[str] = "ciba.limited"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaApproved(Event):
    """A person let an application in that had asked for them."""

    kind: ClassVar[str] = "ciba.approved"
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaDenied(Event):
    """A person said no to an application that had asked for them."""

    kind: ClassVar[str] = "ciba.denied"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    scope: str
