"""A grant, a refresh token, and what is handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.core.accounts.model import Account
from portero.core.sessions import Session
from portero.kit.secrets import Secret


@dataclass(frozen=True, slots=True)
class Grant:
    """That an account let a client act. Without `offline` it lives no longer than its session."""

    id: str
    account_id: str
    client_id: str
    session_id: str
    scope: str
    audience: str
    offline: bool
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Basis:
    """Everything that a token for a person rests on, loaded and live."""

    grant: Grant
    account: Account
    session: Session


class RefreshState(StrEnum):
    """The three answers to a presented refresh token (and what is live is a fourth matter)."""

    FRESH = "fresh"
    SPENT = "spent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SpentRefresh:
    """A refresh token after the attempt to spend it: which grant, and when it was first spent."""

    state: RefreshState
    grant_id: str = ""
    spent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """Seconds. `refresh_idle` counts from the last rotation; `refresh_grace` is how long a lost
    answer can be asked for again."""

    access_seconds: int
    refresh_idle_seconds: int
    refresh_grace_seconds: int


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What a client gets for itself (RFC 6749 §4.4.3): no refresh token, nobody's session."""

    access_token: Secret
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token answer carries (RFC 6749 §5.1)."""

    access_token: Secret
    expires_in: int
    scope: str
    refresh_token: Secret | None
    account: Account
    session: Session
    token_type: str = "Bearer"  # noqa: S105  # a type, not a secret
