"""What happens to recovery codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Event):
    """A new set; the earlier one is worth nothing."""

    kind: ClassVar[str] = "recovery_codes.made"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """One of them stood in for a factor."""

    kind: ClassVar[str] = "recovery_codes.used"
    remaining: int
