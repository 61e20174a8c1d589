"""What happens to passwords. The calling verb records these in its own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A new password; the entry's actor says who chose it: the owner, or an operator."""

    kind: ClassVar[str] = "password.changed"
    factor: str = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordImported(Event):
    """A hash was taken over from another system."""

    kind: ClassVar[str] = "password.imported"
    factor: str = "password"
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRehashed(Event):
    """The same password was hashed anew at sign-in, by today's scheme."""

    kind: ClassVar[str] = "password.rehashed"
    factor: str = "password"
    old_scheme: str
