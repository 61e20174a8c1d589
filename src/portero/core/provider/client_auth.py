"""Who is the client? By the method that it registered, and no other (RFC 6749 §2.3).

A success costs no SQL: the client is in memory, its secret has 256 bits and one SHA-256 compares
it. A failure is counted, so that whoever tries many is told to wait.
"""

from __future__ import annotations

from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache
from portero.core.clients.rules import is_secret_of
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.provider.events import ClientAuthFailed
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.metadata_policy import AuthMethod
from portero.protocol.oauth.presented import Presented

# Failures alone are counted. A deployment with a wrong secret in it tries for ever; it is slowed
# down, and the log says which one.
CLIENT_AUTH_BY_ADDRESS: Final = LimitPolicy("client_auth_by_address", tries=60, window_seconds=60)


class ClientAuth:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        clients: ClientCache,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._clients = clients

    def authenticate(self, actor: Actor, shown: Presented) -> Client:
        """The client, proven and active; raises `InvalidClient`, `OverLimit`."""
        client = self._clients.find(shown.unverified_client_id)
        if client is not None and client.is_active and _fits(client, shown):
            return client
        self._count_failure(actor, client)
        raise InvalidClient("unknown, disabled, another method, or a wrong secret")

    def _count_failure(self, actor: Actor, client: Client | None) -> None:
        now = self._clock.now()
        known = client.client_id if client is not None else ""

        def unit(tx: Tx) -> OverLimit | None:
            failed = ClientAuthFailed(client_id=known)
            self._audit.record(tx, actor, now, failed)
            address = actor.origin.address
            return self._limits.spend(tx, CLIENT_AUTH_BY_ADDRESS, address, now=now)

        over = self._db.write(unit)
        if over is not None:
            raise over


def _fits(client: Client, shown: Presented) -> bool:
    if client.metadata.token_endpoint_auth_method is not shown.method:
        # A confidential client can't drop to `none`, nor a secret move into the body.
        return False
    if shown.method is AuthMethod.NONE:
        return True
    return is_secret_of(client, given=shown.unverified_secret)
