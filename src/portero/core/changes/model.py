"""What can change under another process's feet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    SESSION_ENDED = "session_ended"
    ACCOUNT_CHANGED = "account_changed"  # its row, in whatever way
    ACCOUNT_DISABLED = "account_disabled"
    CLIENT_CHANGED = "client_changed"
    GRANTS_VOIDED = "grants_voided"  # all of an account's, the offline ones too
    GRANT_REVOKED = "grant_revoked"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  # a kind of change
    KEYS_CHANGED = "keys_changed"


@dataclass(frozen=True, slots=True)
class Change:
    id: str
    at: datetime
    kind: ChangeKind
    subject: str
