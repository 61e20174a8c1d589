"""A device, as one account knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Device:
    """`trusted_until` is None for one that is known and not trusted."""

    id: str
    account_id: str
    created_at: datetime
    last_seen_at: datetime
    trusted_until: datetime | None
    user_agent: str

    @property
    def budget(self) -> str:
        """Under what the account's tries in this browser are counted."""
        return f"{self.account_id} {self.id}"

    def is_trusted(self, now: datetime) -> bool:
        return self.trusted_until is not None and self.trusted_until > now
