"""What makes puzzles, and tells whether one was solved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from portero.core.challenges.model import Solved, Widget


class Gate(Protocol):
    """One kind of puzzle."""

    @property
    def kind(self) -> str:
        """Its name in settings and answers."""

    @property
    def widget(self) -> Widget | None:
        """What pages load, where a service elsewhere judges."""

    def make(self, about: str, level: int, *, expires_at: datetime) -> Mapping[str, Any]:
        """What a browser needs to solve one."""

    def judge(self, given: str, *, now: datetime, address: str) -> Solved | None:
        """The solution if it holds, None if not. May ask a service: with no transaction open."""
