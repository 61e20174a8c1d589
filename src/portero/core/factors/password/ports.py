"""What passwords need of the outside: a hasher, the list of breached ones, and a way to wait."""

from __future__ import annotations

from typing import Protocol

from portero.core.factors.password.model import Verified


class PasswordHasher(Protocol):
    """Hashes on a bounded pool. The verbs that hash block, and raise `HashQueueFull`. `known`:
    for somebody who is signed in or in a browser that the account knows, and so before others."""

    @property
    def current_scheme(self) -> str:
        """The label of what `hash` makes today."""

    def hash(self, password: str, *, known: bool = False) -> str:
        """A new encoding of the password by the current scheme."""

    def verify(self, password: str, encoded: str, *, known: bool = False) -> Verified:
        """Check a password; raises `UnknownHashFormat`."""

    def scheme_of(self, encoded: str) -> str:
        """The label of an encoding, without checking a password; raises `UnknownHashFormat`."""


class BreachedPasswords(Protocol):
    def contains(self, password: str) -> bool:
        """Whether the password is known from a breach; False when that can't be found out."""


class Pause(Protocol):
    def __call__(self, seconds: float, /) -> None:
        """Let that many seconds pass for the caller, holding nothing (`time.sleep`)."""
