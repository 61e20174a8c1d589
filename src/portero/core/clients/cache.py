"""Each process's memory of clients, so that a token request needs no SQL to know who asks."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portero.core.changes import ChangeFeed, ChangeKind, Memory
from portero.core.clients import store
from portero.core.clients.builtin import FIRST_PARTY_CLIENT, FIRST_PARTY_CLIENT_ID
from portero.core.clients.documents import ClientDocuments
from portero.core.clients.model import Client
from portero.core.clients.rules import could_be_client_id, demanded_of, served
from portero.kit.db import Database
from portero.kit.ports import Clock
from portero.protocol.oauth.client_id_document import looks_like_document_id
from portero.protocol.oauth.metadata_policy import MetadataPolicy

CAPACITY: Final = 4096  # clients; some 5 kB each


class ClientCache:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        feed: ChangeFeed,
        documents: ClientDocuments | None = None,
        policy: MetadataPolicy | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        """`documents`: clients may also be Client ID Metadata Documents. `policy.profile` is kept
        for every client."""
        self._documents = documents
        self._db = db
        self._policy = policy or MetadataPolicy()
        self._kept = Memory[Client](feed, clock, ChangeKind.CLIENT_CHANGED, capacity=capacity)

    def find(self, client_id: str) -> Client | None:
        """The client as this server serves it, disabled ones included, or None. Whether it may
        act is for the caller.

        A client that is a document may be fetched now, which waits for another server: never
        inside a transaction or on the event loop. Raises `DocumentsBusy`.
        """
        if client_id == FIRST_PARTY_CLIENT_ID:
            return demanded_of(FIRST_PARTY_CLIENT, self._policy)
        kept = self._kept.find(client_id)
        if kept is not None:
            return kept
        if could_be_client_id(client_id):
            return self._kept.load(client_id, lambda: self._load(client_id))
        if self._documents is not None and looks_like_document_id(client_id):
            return self._demanded(self._documents.find(client_id))
        return None

    def known(self, client_id: str) -> Client | None:
        """As `find`, for who holds a good token of it: whether it may act is decided, and no answer
        waits for another server once its document was read here."""
        if self._documents is not None and looks_like_document_id(client_id):
            return self._demanded(self._documents.known(client_id))
        return self.find(client_id)

    def is_live(self, client_id: str, *, issued_at: datetime) -> bool:
        """Whether what was issued to it then still counts: it is active, and no new one of that id.
        Nothing is fetched: a document that can't be read just now ends nobody's token, and to
        switch documents off ends all of theirs."""
        if looks_like_document_id(client_id):
            return self._documents is not None
        client = self.find(client_id)
        return client is not None and client.is_active and client.is_older_than(issued_at)

    def _demanded(self, client: Client | None) -> Client | None:
        return None if client is None else demanded_of(client, self._policy)

    def _load(self, client_id: str) -> Client | None:
        client = self._db.read(lambda tx: store.find(tx, client_id))
        return None if client is None else served(client, self._policy)
