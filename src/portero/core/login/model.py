"""A sign-in under way, what it can still owe, and how it ends."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portero.core.accounts.model import Account
from portero.core.sessions import Proven, Session
from portero.kit.db import Tx
from portero.kit.secrets import Secret


class Owed(StrEnum):
    """What a sign-in can lack once somebody has been identified and proven a first factor."""

    VERIFY_EMAIL = "verify_email"
    CHANGE_PASSWORD = "change_password"  # noqa: S105  # a step, not a password


@dataclass(frozen=True, slots=True)
class Interaction:
    """A sign-in that owes something. Its secret (`auth_session`) is spent by each step."""

    id: str
    account_id: str
    proven: Proven
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule of what is owed looks at."""

    account: Account
    password_must_change: bool


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    require_verified_email: bool = False


class Registration(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end of a sign-in; `browser` is the new cookie of the browser that holds the session."""

    session: Session
    account: Account
    browser: Secret | None = None


class Along(Protocol):
    """What is done with a new session in the transaction that makes it."""

    def prepared(self) -> AbstractContextManager[None]:
        """Around that transaction, when the person has proven who he is."""

    def redeem_in(self, tx: Tx, session: Session, account: Account) -> None:
        """Within it; may run again, as every unit may."""


@dataclass(frozen=True, slots=True)
class StillOwes:
    """The sign-in goes on with `auth_session`, a new value at each step."""

    auth_session: Secret
    owed: Owed
    options: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody sends to go on: of these, what the present step needs."""

    new_password: str | None = None
    token: str | None = None
    resend: bool = False
