"""A kept passkey, and what the operator demands of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portero.protocol.webauthn.model import Known


class Purpose(StrEnum):
    """What a challenge is for: an answer to one is worth nothing as an answer to another."""

    SIGN_IN = "sign_in"
    PROVE = "prove"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class Passkey:
    """Public key and id are in base64url. `user_handle` is the account's own, as authenticators
    tell it. A synced passkey is `backup_eligible` for ever; `backed_up` is what was said last."""

    authenticator_id: str
    account_id: str
    credential_id: str
    public_key: str
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str
    backup_eligible: bool
    backed_up: bool
    user_handle: str = ""

    @property
    def known(self) -> Known:
        return Known(self.credential_id, self.transports)


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """`attested`: only authenticators that prove their make (WebAuthn L3 §6.5). `allowed` (empty
    for any) and `denied` are AAGUIDs. `refuse_clones`: a counter that goes back is refused, and
    else noted (§6.1.1)."""

    attested: bool = False
    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    refuse_clones: bool = True
