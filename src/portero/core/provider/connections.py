"""Which applications a person has let in, and letting one out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core import consent
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import Client, ClientCache
from portero.core.consent import store as consent_store
from portero.core.provider import store
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
    its URL says most, and nothing is fetched."""

    client_id: str
    client: Client | None
    scope: tuple[str, ...]
    since: datetime


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
        """The newest first."""
        known = self._db.read(lambda tx: consent_store.list_of_account(tx, account_id))
        return [self._connection(each) for each in known]

    def withdraw(self, actor: Actor, account_id: str, client_id: str) -> None:
        """Forget the consent and end every grant of that application, and the codes and requests
        that would become one; its tokens die with them. Raises `NotConnected`."""
        now = self._clock.now()

        def unit(tx: Tx) -> list[str] | None:
            forgotten = consent_store.forget(tx, account_id, client_id)
            # Before the grants: a redemption that is under way holds the code's row, and its grant
            # is there to be ended once this has waited for it.
            code_store.end_codes_of(tx, account_id, client_id)
            device_store.requests.end_unspent(tx, account_id, client_id)
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

    def _connection(self, known: consent.Consent) -> Connection:
        client_id = known.client_id
        client = None if looks_like_document_id(client_id) else self._clients.find(client_id)
        return Connection(client_id, client, known.scope, known.created_at)
