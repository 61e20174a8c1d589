"""What happens to codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneVerified(Event):
    """A phone number was proven; it is the account's now."""

    kind: ClassVar[str] = "account.phone_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSent(Event):
    """A one-time code was queued; neither code nor address is in the log."""

    kind: ClassVar[str] = "code.sent"
    purpose: str
