"""What a person agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """One for each account and client: everything that was agreed to, together."""

    account_id: str
    client_id: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
