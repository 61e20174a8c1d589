"""What happens to accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated(Event):
    """An account came into being; `by` says on which way (registration, operator, import)."""

    kind: ClassVar[str] = "account.created"
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """Fields of the profile changed; the values stay out of the log."""

    kind: ClassVar[str] = "account.changed"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStateChanged(Event):
    """Enabled, disabled or made pending."""

    kind: ClassVar[str] = "account.state_changed"
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeletionAsked(Event):
    """Its owner wants it deleted; until the time is over, signing in can keep it."""

    kind: ClassVar[str] = "account.deletion_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKept(Event):
    """Its owner came back before it was deleted."""

    kind: ClassVar[str] = "account.kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeleted(Event):
    """An account and everything that it owned is gone; this entry stays."""

    kind: ClassVar[str] = "account.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerified(Event):
    """The owner of a mailbox proved it."""

    kind: ClassVar[str] = "account.email_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMoveAsked(Event):
    """The account wants to leave its proven mailbox for another; that mailbox is asked first."""

    kind: ClassVar[str] = "account.email_move_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMoveAllowed(Event):
    """The mailbox that is to be left agreed; the new one is asked now."""

    kind: ClassVar[str] = "account.email_move_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerificationSent(Event):
    """A verification link was queued."""

    kind: ClassVar[str] = "account.email_verification_sent"
