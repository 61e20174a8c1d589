"""What happens to clients. The client concerned is the event's `client_id`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCreated(Event):
    """A client was registered; `by` says on which way."""

    kind: ClassVar[str] = "client.created"
    by: str
    auth_method: str
    first_party: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReplaced(Event):
    """A registered client replaced its own metadata (RFC 7592)."""

    kind: ClassVar[str] = "client.replaced"
    auth_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(Event):
    """A client is gone; this entry stays."""

    kind: ClassVar[str] = "client.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRotated(Event):
    """A client got a new secret; the old one is dead at once."""

    kind: ClassVar[str] = "client.secret_rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStateChanged(Event):
    """Enabled or disabled."""

    kind: ClassVar[str] = "client.state_changed"
    state: str
