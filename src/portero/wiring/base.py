"""What the provider's rooms stand on, and what they give to the rest of the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from portero.core.accounts.telling import OwnerTold
from portero.core.audit import AuditBuffer, AuditLog
from portero.core.changes import ChangeFeed
from portero.core.clients import ClientKeys, Clients
from portero.core.keys.ring import KeyRing
from portero.core.limits import Limits, Volume
from portero.core.notices import Notices
from portero.core.outbox import Deliverer, Outbox
from portero.core.provider.back_channel import BackChannel
from portero.core.sessions import Sessions
from portero.kit.db import Database
from portero.kit.ports import Clock, Dice
from portero.kit.vault import Vault
from portero.settings import Settings
from portero.web.rooms import ProviderRooms


@dataclass(frozen=True, slots=True)
class Base:
    """What the provider stands on."""

    settings: Settings
    db: Database
    clock: Clock
    dice: Dice
    vault: Vault
    audit: AuditLog
    feed: ChangeFeed
    limits: Limits
    volume: Volume
    ring: KeyRing
    clients: Clients
    client_keys: ClientKeys
    sessions: Sessions
    outbox: Outbox
    notices: Notices
    owner: OwnerTold
    longest_token: timedelta

    def urls_of(self, path: str) -> tuple[str, ...]:
        """Under each address of this server (RFC 8705 §5)."""
        settings = self.settings
        return tuple(url + path for url in (settings.issuer, settings.mtls_url) if url)


@dataclass(frozen=True, slots=True)
class Provider:
    """What the faces use, what the background flushes, and what the outbox delivers: each of
    `calls` may ask an application's server, for its document or to tell it something."""

    rooms: ProviderRooms
    buffer: AuditBuffer
    back_channel: BackChannel
    calls: Mapping[str, Deliverer]
