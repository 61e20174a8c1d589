"""A session, a browser, and what a relying party can demand of a sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EndReason(StrEnum):
    LOGOUT = "logout"
    REVOKED = "revoked"  # by the owner from another session, or by an operator
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a reason, not a password
    PASSWORD_RESET = "password_reset"  # noqa: S105
    RENEWED = "renewed"  # replaced by a new one at a rise of privilege
    ACCOUNT_DISABLED = "account_disabled"


@dataclass(frozen=True, slots=True)
class Session:
    """`acr` is the level reached (aal1, aal2, phr); `amr` how (RFC 8176). `idle_until` moves with
    use; `expires_at` never does."""

    id: str
    account_id: str
    created_at: datetime
    auth_time: datetime
    last_used_at: datetime
    idle_until: datetime
    expires_at: datetime
    acr: str
    amr: tuple[str, ...]
    browser_id: str = ""
    user_agent: str = ""
    address: str = ""
    ended_at: datetime | None = None
    end_reason: str = ""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives unused, and at most."""

    idle_seconds: int
    absolute_seconds: int
