"""What happens to grants and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensIssued(Event):
    """An access token, and perhaps a refresh token, was handed out."""

    kind: ClassVar[str] = "token.issued"
    grant_type: str
    grant_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReplayed(Event):
    """An old refresh token came back: somebody has a copy. The grant was revoked."""

    kind: ClassVar[str] = "token.refresh_replayed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    grant_id: str
