"""What happens to an account's authenticators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEnrolled(Event):
    """A further way to prove who somebody is."""

    kind: ClassVar[str] = "factor.enrolled"
    authenticator_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRemoved(Event):
    """It proves nothing any more."""

    kind: ClassVar[str] = "factor.removed"
    authenticator_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRenamed(Event):
    """Its owner calls it something else now."""

    kind: ClassVar[str] = "factor.renamed"
    authenticator_id: str
