"""Who may register a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RegistrationMode(StrEnum):
    OFF = "off"
    TOKEN = "token"  # noqa: S105  # whoever holds an initial access token
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class ClientInvitation:
    """An initial access token, without the token: `uses_left` registrations until `expires_at`."""

    id: str
    note: str
    uses_left: int
    created_at: datetime
    expires_at: datetime
