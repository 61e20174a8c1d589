"""Clients whose id is the URL of their metadata: fetched when they are asked for, and remembered.

Anybody may name any URL, so a fetch is bounded in all that it costs us and others: time, size, how
many at once, how many of one host in a minute, and one at a time for each URL. What failed is not
remembered but for a few seconds, in which nobody is asked again. No database here, so no
transaction is open while another server is waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from portero.core.clients.freshness import Freshness
from portero.core.clients.model import Client, ClientState, CreatedBy
from portero.core.clients.ports import DocumentFetch, FetchedDocument
from portero.kit import waiting
from portero.kit.ports import Clock
from portero.kit.refusals import Busy, Refusal
from portero.protocol.oauth.client_id_document import (
    MAX_DOCUMENT_BYTES,
    check_document_id,
    documents_policy,
    read_document,
)
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_policy import MetadataPolicy

log = logging.getLogger(__name__)
T = TypeVar("T")

CAPACITY: Final = 1024  # documents; some 5 kB each
FETCH_SECONDS: Final = 3.0  # a person waits for it
AT_ONCE: Final = 8  # fetches of one process: each holds a thread
MOST_WAITING: Final = 24  # threads that fetch or wait for who fetches; the others answer the rest
PER_HOST: Final = 30  # fetches of one host in a minute: we are nobody's flood
_HOST_SECONDS: Final = 60.0
# What the document's own Cache-Control may say (§4.4), in seconds. A sign-in asks several times, so
# not even `no-store` is less than a minute; a changed key or redirect URI counts within a day.
FRESHNESS: Final = Freshness(least=60, usual=300, most=86_400)
FAILED_SECONDS: Final = 5.0


class DocumentsBusy(Busy):
    """Too many documents are being fetched, or too many of that host; nothing was asked."""

    code = "client_documents_busy"


@dataclass(frozen=True, slots=True)
class _Kept:
    client: Client | None  # None: it failed
    until: float


class ClientDocuments:
    def __init__(
        self,
        *,
        fetch: DocumentFetch,
        clock: Clock,
        policy: MetadataPolicy,
        scopes: tuple[str, ...],
        capacity: int = CAPACITY,
    ) -> None:
        """`policy.local` lets a server on loopback read documents there too."""
        self._fetch = fetch
        self._clock = clock
        self._local = policy.local
        self._policy = documents_policy(policy)
        self._scopes = scopes
        self._capacity = capacity
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._kept: dict[str, _Kept] = {}
        self._flights: dict[str, threading.Lock] = {}
        self._hosts: dict[str, _Count] = {}

    def find(self, client_id: str) -> Client | None:
        """The client of that URL, from memory or fetched; None when it is none. Blocks while it
        fetches; raises `DocumentsBusy`."""
        found = self._fresh(client_id)
        if found is None:
            try:
                host = check_document_id(client_id, local=self._local).host
            except Unacceptable:
                return None
            found = self._alone(client_id, lambda: self._load(client_id, host))
        return found.client

    def known(self, client_id: str) -> Client | None:
        """As `find`, but what was read before is not read again, however old it is."""
        kept = self._kept.get(client_id)
        return kept.client if kept is not None and kept.client else self.find(client_id)

    def _fresh(self, client_id: str) -> _Kept | None:
        kept = self._kept.get(client_id)
        return kept if kept is not None and self._clock.monotonic() < kept.until else None

    def _alone(self, client_id: str, load: Callable[[], _Kept]) -> _Kept:
        """Of all who ask for one URL at the same moment one fetches; the others wait for that."""
        waiting.expected()
        with self._lock:
            flight = self._flights.setdefault(client_id, threading.Lock())
        # Waiting holds a thread too: one slow document must not take all of them.
        if not self._room.acquire(blocking=False):
            raise DocumentsBusy(client_id, retry_after_seconds=1)
        try:
            if not flight.acquire(timeout=2 * FETCH_SECONDS):
                raise DocumentsBusy(client_id)
            try:
                return self._fresh(client_id) or load()
            finally:
                with self._lock:
                    self._flights.pop(client_id, None)
                flight.release()
        finally:
            self._room.release()

    def _load(self, client_id: str, host: str) -> _Kept:
        self._count(host)
        if not self._free.acquire(blocking=False):
            raise DocumentsBusy(client_id, retry_after_seconds=1)
        try:
            client, age = self._fetched(client_id)
        finally:
            self._free.release()
        kept = _Kept(client, self._clock.monotonic() + age)
        with self._lock:
            _put(self._kept, client_id, kept, self._capacity)
        return kept

    def _fetched(self, client_id: str) -> tuple[Client | None, float]:
        """The client, and for how many seconds it may be remembered."""
        try:
            answer = self._fetch.get(
                client_id, timeout_seconds=FETCH_SECONDS, max_bytes=MAX_DOCUMENT_BYTES
            )
            _check_answer(answer)
            metadata = read_document(
                answer.body,
                expected_client_id=client_id,
                scopes=self._scopes,
                policy=self._policy,
            )
        except Refusal as refusal:
            log.info("the client document %s was refused: %s", client_id, refusal.detail)
            return None, FAILED_SECONDS
        now = self._clock.now()
        client = Client(
            client_id=client_id,
            metadata=metadata,
            secret_hash="",  # none, and an empty hash matches nothing
            secret_sealed="",
            first_party=False,
            state=ClientState.ACTIVE,
            created_at=now,
            updated_at=now,
            created_by=CreatedBy.DOCUMENT.value,
        )
        return client, FRESHNESS.of(answer.headers)

    def _count(self, host: str) -> None:
        now = self._clock.monotonic()
        with self._lock:
            count = self._hosts.get(host)
            if count is None or now >= count.until:
                count = _Count(now + _HOST_SECONDS)
            count.spent += 1
            _put(self._hosts, host, count, self._capacity)
        if count.spent > PER_HOST:
            raise DocumentsBusy(f"{count.spent} fetches of {host}", retry_after_seconds=30)


@dataclass(slots=True)
class _Count:
    until: float
    spent: int = 0


def _check_answer(answer: FetchedDocument) -> None:
    """§4: 200 and nothing else, a redirect least of all: its target is not what the id names."""
    if answer.status != 200:
        raise InvalidClientMetadata(f"status {answer.status}")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise InvalidClientMetadata("it is not JSON by its media type")


def _put(kept: dict[str, T], key: str, value: T, capacity: int) -> None:
    """Replace, or add and let go of the one that was put longest ago."""
    kept.pop(key, None)
    while len(kept) >= capacity:
        del kept[next(iter(kept))]
    kept[key] = value
