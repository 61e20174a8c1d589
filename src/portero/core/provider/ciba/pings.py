"""Ringing an application up when its person has answered (CIBA §10.2).

It says no more than "ask now": the answer itself is at the token endpoint, behind the client's own
proof. What a ping needs is sealed with the request and becomes a job in the transaction of the
answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from portero.core.clients import ClientCache
from portero.core.outbox import Outbox
from portero.core.provider.ciba.model import CibaRequest
from portero.core.provider.ports import Post
from portero.core.provider.telling import tell
from portero.kit.db import Tx
from portero.kit.ports import Clock
from portero.kit.vault import Unsealable, Vault

CIBA_PING: Final = "ciba_ping"


class Pings:
    def __init__(
        self, *, clock: Clock, vault: Vault, outbox: Outbox, clients: ClientCache, fetch: Post
    ) -> None:
        self._clock = clock
        self._vault = vault
        self._outbox = outbox
        self._clients = clients
        self._fetch = fetch

    def sealed(self, request_id: str, auth_req_id: str, notification_token: str) -> str:
        """What the request keeps for its ping; '' where the client gave no token for one."""
        if not notification_token:
            return ""
        told = json.dumps({"auth_req_id": auth_req_id, "token": notification_token})
        return self._vault.seal(told.encode(), context=_context(request_id))

    def enqueue_in(self, tx: Tx, request: CibaRequest, *, now: datetime) -> None:
        """One job, where the request was made for one."""
        if not request.ping_sealed:
            return
        try:
            told = self._vault.open(request.ping_sealed, context=_context(request.id))
        except Unsealable:
            return  # SECRET_KEY was replaced meanwhile: the client polls, as it may
        job = {
            **json.loads(told),
            "client_id": request.client_id,
            "expires_at": request.expires_at.isoformat(),
        }
        self._outbox.enqueue(tx, CIBA_PING, job, now=now)

    def deliver(self, payload: Mapping[str, object]) -> None:
        """Deliver a `CIBA_PING` job."""
        client = self._clients.find(str(payload["client_id"]))
        over = datetime.fromisoformat(str(payload["expires_at"])) <= self._clock.now()
        if over or client is None or not (client.is_active and client.metadata.is_rung_up):
            return  # gone or changed since, or there is nothing left to ask for
        tell(
            self._fetch,
            client.metadata.backchannel_client_notification_endpoint,
            headers={
                "authorization": f"Bearer {payload['token']}",
                "content-type": "application/json",
                "accept": "*/*",
            },
            body=json.dumps({"auth_req_id": payload["auth_req_id"]}).encode(),
        )


def _context(request_id: str) -> str:
    return f"ciba_ping:{request_id}"
