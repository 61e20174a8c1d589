"""Who is the client? By the method that it registered, and no other (RFC 6749 §2.3).

A success by secret costs no SQL: the client is in memory, its secret has 256 bits and one SHA-256
compares it. An assertion costs the one statement that makes it good for one use. A failure is
counted, so that whoever tries many is told to wait.
"""

from __future__ import annotations

from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache
from portero.core.clients.rules import is_secret_of
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.provider.events import ClientAuthFailed
from portero.core.provider.model import ClientCall
from portero.core.provider.replay import spend_once
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.client_assertion import check_client_assertion
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.metadata_policy import ASYMMETRIC_ALGS, AuthMethod
from portero.protocol.oauth.presented import Presented, presented

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
        issuer: str,
        token_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._clients = clients
        self._issuer = issuer
        self._token_url = token_url

    def authenticate(self, call: ClientCall) -> Client:
        """The client, proven and active; raises `InvalidClient`, `InvalidRequest`, `OverLimit`."""
        shown = presented(call.form, call.authorization)
        client = self._clients.find(shown.unverified_client_id)
        try:
            return self._proven(client, shown)
        except InvalidClient:
            self._count_failure(call.actor, client)
            raise

    def _proven(self, client: Client | None, shown: Presented) -> Client:
        if client is None or not client.is_active:
            raise InvalidClient("unknown or disabled")
        if client.metadata.token_endpoint_auth_method is not shown.method:
            # A confidential client can't drop to `none`, nor a secret move into the body.
            raise InvalidClient(f"{shown.method} is not the registered method")
        match shown.method:
            case AuthMethod.NONE:
                return client
            case AuthMethod.PRIVATE_KEY_JWT:
                self._check_assertion(client, shown.unverified_assertion)
                return client
        if not is_secret_of(client, given=shown.unverified_secret):
            raise InvalidClient("a wrong secret")
        return client

    def _check_assertion(self, client: Client, unverified_assertion: str) -> None:
        metadata, now = client.metadata, self._clock.now()
        chosen = metadata.token_endpoint_auth_signing_alg
        # FAPI 2.0 §5.3.2.1 wants the issuer alone; most libraries send the token endpoint's URL.
        audiences = (self._issuer,) if metadata.profile else (self._issuer, self._token_url)
        checked = check_client_assertion(
            unverified_assertion,
            expected_client_id=client.client_id,
            expected_audiences=audiences,
            jwks=metadata.jwks,
            algorithms=(chosen,) if chosen else ASYMMETRIC_ALGS,
            now=now,
        )
        fresh = self._db.write(
            lambda tx: spend_once(
                tx,
                "client_assertion",
                client.client_id,
                checked.jti,
                expires_at=checked.expires_at,
            )
        )
        if not fresh:
            raise InvalidClient("the assertion was used before")

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
