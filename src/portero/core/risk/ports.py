"""What tells where an address is, and whether it hides somebody."""

from __future__ import annotations

from typing import Protocol

from portero.core.risk.model import Spot


class Places(Protocol):
    def spot_of(self, address: str) -> Spot | None:
        """None where nothing is known of it."""


class Networks(Protocol):
    def holds(self, address: str) -> bool:
        """Whether the operator's list has it."""
