"""Which applications a person has let in, and letting one out again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import FIRST_PARTY_CLIENT_ID, Client, ClientCache
from portero.core.consent import Consent
from portero.core.consent import store as consent_store
from portero.core.provider import store
from portero.core.provider.ciba import store as ciba_store
from portero.core.provider.codes import store as code_store
from portero.core.provider.device import store as device_store
from portero.core.provider.errors import NotConnected
from portero.core.provider.events import ConsentWithdrawn
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.client_id_document import looks_like_document_id


@dataclass(frozen=True, slots=True)
class Connection:
    """An application and what it may do. `client` is None for one that is gone, and for a document:
    its URL says most, and nothing is fetched. `asked`: the person was asked and said yes; whoever
    runs the service lets some in without that."""

    client_id: str
    client: Client | None
    scope: tuple[str, ...]
    since: datetime
    asked: bool


class Connections:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        feed: ChangeFeed,
        clients: ClientCache,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._clients = clients

    def list_of(self, account_id: str) -> list[Connection]:
        """What the person agreed to, and whatever else has a live grant; the newest first."""
        now = self._clock.now()

        def unit(tx: Tx) -> tuple[list[Consent], list[tuple[str, str, datetime]]]:
            agreed = consent_store.list_of_account(tx, account_id)
            return agreed, store.holders_of_grants(tx, account_id, now=now)

        agreed, holders = self._db.read(unit)
        found = {
            each.client_id: self._connection(
                each.client_id, each.scope, each.created_at, asked=True
            )
            for each in agreed
        }
        for client_id, scope, since in _together(holders):
            # Our own pages and API are no application: their sessions are listed as what they are.
            if client_id != FIRST_PARTY_CLIENT_ID and client_id not in found:
                found[client_id] = self._connection(client_id, scope, since, asked=False)
        return sorted(found.values(), key=lambda each: each.since, reverse=True)

    def withdraw(self, actor: Actor, account_id: str, client_id: str) -> None:
        """Forget the consent and end every grant of that application, and the codes and requests
        that would become one; its tokens die with them. Raises `NotConnected`."""
        now = self._clock.now()

        def unit(tx: Tx) -> list[str] | None:
            forgotten = consent_store.forget(tx, account_id, client_id)
            # Before the grants: a redemption that is under way holds the code's row, and its grant
            # is there to be ended once this has waited for it.
            code_store.end_codes_of(tx, account_id, client_id)
            for requests in (device_store.requests, ciba_store.requests):
                requests.end_unspent(tx, account_id, client_id)
            ended = store.revoke_grants_of(tx, account_id, client_id, now=now)
            if not forgotten and not ended:
                return None
            self._feed.note(tx, ChangeKind.GRANT_REVOKED, *ended)
            withdrawn = ConsentWithdrawn(account_id=account_id, client_id=client_id)
            self._audit.record(tx, actor, now, withdrawn)
            return ended

        ended = self._db.write(unit)
        if ended is None:
            raise NotConnected(client_id)
        for grant_id in ended:
            self._feed.apply_now(ChangeKind.GRANT_REVOKED, grant_id, now)

    def _connection(
        self, client_id: str, scope: tuple[str, ...], since: datetime, *, asked: bool
    ) -> Connection:
        client = None if looks_like_document_id(client_id) else self._clients.find(client_id)
        return Connection(client_id, client, scope, since, asked)


def _together(
    holders: Iterable[tuple[str, str, datetime]],
) -> Iterator[tuple[str, tuple[str, ...], datetime]]:
    """One for each client, with the scopes of all its grants."""
    found: dict[str, tuple[dict[str, None], datetime]] = {}
    for client_id, scope, since in holders:
        scopes, first = found.get(client_id, ({}, since))
        found[client_id] = (scopes | dict.fromkeys(scope.split()), min(first, since))
    for client_id, (scopes, first) in found.items():
        yield client_id, tuple(scopes), first
