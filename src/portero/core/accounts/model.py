"""An account, in the words of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from portero.kit.values import quick_value


class AccountState(StrEnum):
    PENDING = "pending"  # invited or imported: exists, can't sign in yet
    ACTIVE = "active"
    DISABLED = "disabled"  # by an operator, or by the owner


@quick_value
class Account:
    """One person or thing that can sign in.

    `username_key` and `email_key` are the normalised forms under which names are unique. A mail
    address identifies its account only when `email_verified`. At `deletion_due_at` it is deleted,
    unless its owner signs in before. `factors_put_aside_at`: when a mailbox took it back, and none
    of the factors that it had was confirmed.
    """

    id: str
    username: str
    username_key: str
    state: AccountState
    created_at: datetime
    updated_at: datetime
    email: str = ""
    email_key: str = ""
    email_verified: bool = False
    display_name: str = ""
    locale: str = ""
    zoneinfo: str = ""
    phone: str = ""
    phone_verified: bool = False
    picture: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)
    deletion_due_at: datetime | None = None
    factors_put_aside_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.state is AccountState.ACTIVE

    @property
    def is_available(self) -> bool:
        """Active, and not about to be deleted: what applications may do without asking its owner,
        who is asked first whether it is to be kept."""
        return self.is_active and self.deletion_due_at is None
