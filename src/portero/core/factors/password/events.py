"""What happens to passwords. The calling verb records these in its own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


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
class PasswordShut(Event):
    """So many wrong tries in a row that it opens the account only where the account was signed in
    to before, until its owner proves something else."""

    kind: ClassVar[str] = "password.shut"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    factor: str = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordOpened(Event):
    """The wrong tries are forgotten: by the owner, or by an operator (the entry's actor)."""

    kind: ClassVar[str] = "password.opened"
    factor: str = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRehashed(Event):
    """The same password was hashed anew at sign-in, by today's scheme."""

    kind: ClassVar[str] = "password.rehashed"
    factor: str = "password"
    old_scheme: str
