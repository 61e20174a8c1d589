"""An enrolled authenticator, what somebody gives as proof, and what that proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FactorKind(StrEnum):
    """The kinds, from the one to be asked first to the last resort."""

    PASSKEY = "passkey"
    PUSH = "push"
    TOTP = "totp"
    SMS = "sms"
    EMAIL = "email"
    RECOVERY_CODE = "recovery_code"

    @property
    def sends(self) -> bool:
        """Whether beginning it sends the person something: never for merely opening a page."""
        return self in {FactorKind.PUSH, FactorKind.SMS, FactorKind.EMAIL}


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One of an account's. `name` is the person's own word for it."""

    id: str
    account_id: str
    kind: FactorKind
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Since when an account that has no second factor is required to have one. No grace for who had
    one and removed it."""

    met_at: datetime
    grace: bool = True


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody sends to prove or enrol a factor: typed digits, or what a browser signed."""

    code: str = ""
    credential: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a factor has proven. `amr` by RFC 8176; `acr` is the level that it lifts a sign-in to
    ('' for none: it counts as a second step, and no application may rely on it)."""

    authenticator_id: str
    amr: tuple[str, ...]
    acr: str
