"""What happens to initial access tokens. Registrations themselves are `core/clients`' events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInvitationMade(Event):
    """Somebody may register clients: an initial access token was made."""

    kind: ClassVar[str] = "client_invitation.made"
    invitation_id: str
    uses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInvitationWithdrawn(Event):
    """An initial access token was withdrawn. Clients that it brought in stay."""

    kind: ClassVar[str] = "client_invitation.withdrawn"
    invitation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientInvitationUsed(Event):
    """A client was registered with an initial access token."""

    kind: ClassVar[str] = "client_invitation.used"
    invitation_id: str
