"""Looking at what waits for oneself, and answering.

Whoever is signed in sees the requests that are meant for them, and no others, and decides: the
first decision counts, for the session that it was made in.
"""

from __future__ import annotations

from collections.abc import Collection

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache
from portero.core.provider.ciba import rules, store
from portero.core.provider.ciba.errors import RequestNotWaiting
from portero.core.provider.ciba.events import CibaApproved, CibaDenied
from portero.core.provider.ciba.model import CibaAsked, CibaRequest
from portero.core.provider.ciba.pings import Pings
from portero.core.provider.polling import check_enough, decide_in, demand_of
from portero.core.sessions import Session
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import read_scope


class CibaAnswering:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        clients: ClientCache,
        pings: Pings,
        reachable_levels: Collection[str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._clients = clients
        self._pings = pings
        self._reachable_levels = tuple(reachable_levels)

    def waiting_for(self, session: Session) -> list[CibaAsked]:
        """What waits for the person of that session, the newest first."""
        now = self._clock.now()
        found = self._db.read(
            lambda tx: store.list_pending(tx, session.account_id, now=now, limit=rules.MOST_SHOWN)
        )
        pairs = ((request, self._client_of(request)) for request in found)
        return [_asked(request, client) for request, client in pairs if client is not None]

    def decide(self, actor: Actor, session: Session, request_id: str, *, agreed: bool) -> CibaAsked:
        """The person's answer. Raises `RequestNotWaiting`, and `FreshSignInNeeded` for a yes in a
        session that is not what the client demands: a no is as good in any."""
        now = self._clock.now()
        request = self._db.read(
            lambda tx: store.find_pending(tx, session.account_id, request_id, now=now)
        )
        client = self._client_of(request) if request is not None else None
        if request is None or client is None:
            raise RequestNotWaiting("no such request of this account, or its client is disabled")
        demand = demand_of(
            request, client, reachable=self._reachable_levels, acr_values=request.acr_values
        )
        if agreed:
            check_enough(session, demand, now)

        def unit(tx: Tx) -> bool:
            if not decide_in(tx, store.requests, request, session, agreed=agreed, now=now):
                return False
            self._pings.enqueue_in(tx, request, now=now)
            kind = CibaApproved if agreed else CibaDenied
            event = kind(
                account_id=session.account_id,
                session_id=session.id,
                client_id=request.client_id,
                scope=request.scope,
            )
            self._audit.record(tx, actor, now, event)
            return True

        if not self._db.write(unit):
            raise RequestNotWaiting("decided meanwhile")
        return _asked(request, client)

    def _client_of(self, request: CibaRequest) -> Client | None:
        """Its client, if that may still ask."""
        client = self._clients.find(request.client_id)
        if client is None or not client.is_active:
            return None
        return client if GrantType.CIBA in client.metadata.grant_types else None


def _asked(request: CibaRequest, client: Client) -> CibaAsked:
    return CibaAsked(
        id=request.id,
        client=client,
        scope=read_scope(request.scope),
        resources=request.resources,
        details=request.details,
        binding_message=request.binding_message,
    )
