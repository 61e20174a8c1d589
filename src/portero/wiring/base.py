"""What the provider's rooms stand on, and what they give to the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from portero.core.audit import AuditBuffer, AuditLog
from portero.core.changes import ChangeFeed
from portero.core.clients import ClientKeys, Clients
from portero.core.keys.ring import KeyRing
from portero.core.limits import Limits
from portero.core.outbox import Outbox
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
    ring: KeyRing
    clients: Clients
    client_keys: ClientKeys
    sessions: Sessions
    outbox: Outbox
    longest_token: timedelta


@dataclass(frozen=True, slots=True)
class Provider:
    """What the faces use, and what the background flushes."""

    rooms: ProviderRooms
    buffer: AuditBuffer
    back_channel: BackChannel
