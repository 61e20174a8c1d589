"""What happens to passkeys beside being enrolled, used and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyCounterBack(Event):
    """A passkey's counter went back: there may be a copy of its key (WebAuthn L3 §6.1.1)."""

    kind: ClassVar[str] = "passkey.counter_back"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    factor: str = "passkey"
    authenticator_id: str
    refused: bool
