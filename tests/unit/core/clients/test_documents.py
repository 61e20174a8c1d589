"""Client ID Metadata Documents, fetched from a real server with Portero's own outgoing HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from portero.core.clients import ClientCache, ClientDocuments, DocumentsBusy
from portero.core.clients.documents import (
    AT_ONCE,
    FAILED_SECONDS,
    MOST_WAITING,
    PER_HOST,
)
from portero.outside.http_fetch import HttpFetch
from portero.protocol.oauth.metadata_policy import MetadataPolicy
from tests.unit.core.clients.conftest import HandClock, Process


class Site:
    """A client's web server. `status`, `headers` and `document` are what it answers."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.more: dict[str, Any] = {}
        self.body: bytes | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.paths.append(self.path)
                site.arrived.release()
                site.gate.wait(10)
                body = site.body if site.body is not None else site.document(self.path)
                self.send_response(site.status)
                for name, value in {"Content-Type": "application/json", **site.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.id = f"{self.base}/client.json"

    def document(self, path: str) -> bytes:
        told = {
            "client_id": self.base + path,
            "client_name": "App",
            "redirect_uris": ["http://127.0.0.1/cb"],
            **self.more,
        }
        return json.dumps(told).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.gate.set()
    made.server.shutdown()
    made.server.server_close()


def documents_of(clock: HandClock, *, local: bool = True, capacity: int = 100) -> ClientDocuments:
    """`local`: as on a server that is on loopback itself."""
    return ClientDocuments(
        fetch=HttpFetch(allow_loopback=local),
        clock=clock,
        policy=MetadataPolicy(local=local),
        scopes=("openid",),
        capacity=capacity,
    )


@pytest.fixture
def documents(clock: HandClock) -> ClientDocuments:
    return documents_of(clock)


def test_a_document_is_a_client(documents: ClientDocuments, site: Site) -> None:
    """Public, nobody's own, with no secret that could be right."""
    client = documents.find(site.id)
    assert client is not None
    assert (client.client_id, client.created_by, client.first_party) == (site.id, "document", False)
    assert client.metadata.is_public
    assert client.secret_hash == ""
    assert client.metadata.scope == "openid"
    assert site.paths == ["/client.json"]


def test_it_is_found_where_all_clients_are(
    here: Process, documents: ClientDocuments, site: Site, statements: list[str]
) -> None:
    """`ClientCache.find`, with no statement; and not at all where documents are off."""
    statements.clear()
    cache = ClientCache(db=here.db, clock=here.clock, feed=here.feed, documents=documents)
    assert cache.find(site.id) is not None
    assert here.new_cache().find(site.id) is None
    assert statements == []


def test_whether_it_is_live_asks_nobody(
    here: Process, documents: ClientDocuments, site: Site
) -> None:
    """A check of a token neither waits for the client's server nor fails with it."""
    cache = ClientCache(db=here.db, clock=here.clock, feed=here.feed, documents=documents)
    now = here.clock.now()
    assert cache.is_live(site.id, issued_at=now)
    assert not here.new_cache().is_live(site.id, issued_at=now)
    assert site.paths == []


def test_who_has_a_good_token_does_not_wait_for_the_clients_server(
    here: Process, documents: ClientDocuments, site: Site, clock: HandClock
) -> None:
    """What was read once is enough, however old; what never was, or was no client, is read."""
    cache = ClientCache(db=here.db, clock=here.clock, feed=here.feed, documents=documents)
    first = cache.known(site.id)
    assert first is not None
    clock.move(1e6)
    site.status = 500
    assert cache.known(site.id) == first
    assert len(site.paths) == 1
    assert cache.find(site.id) is None
    assert cache.known(site.id) is None
    clock.move(FAILED_SECONDS + 1)
    site.status = 200
    assert cache.known(site.id) is not None
    assert here.new_cache().known(site.id) is None


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 404, 500])
def test_only_200_is_an_answer(documents: ClientDocuments, site: Site, status: int) -> None:
    """A redirect is not followed: its target is not what the id names."""
    site.status, site.headers = status, {"Location": f"{site.base}/other.json"}
    assert documents.find(site.id) is None
    assert site.paths == ["/client.json"]


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/octet-stream"])
def test_only_json_is_a_document(documents: ClientDocuments, site: Site, media_type: str) -> None:
    """The attack: a picture or page that somebody may upload to that host."""
    site.headers = {"Content-Type": media_type}
    assert documents.find(site.id) is None


@pytest.mark.parametrize(
    "more",
    [{"client_id": "https://bank.example/app"}, {"client_secret": "x"}, {"redirect_uris": []}],
)
def test_a_bad_document_is_no_client(documents: ClientDocuments, site: Site, more: Any) -> None:
    """Another id, a shared secret, or metadata that is not accepted."""
    site.more = more
    assert documents.find(site.id) is None


def test_a_document_over_five_kilobytes_is_cut_off(documents: ClientDocuments, site: Site) -> None:
    """And one just below is read."""
    room = 5 * 1024 - len(site.document("/client.json")) - len(', "x": ""')
    site.more = {"x": "y" * (room - 10)}
    assert documents.find(site.id) is not None
    site.more = {"x": "y" * (room + 10)}
    assert documents.find(f"{site.base}/large.json") is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # an address to refuse
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "localhost",
    ],
)
def test_special_addresses_are_not_asked(clock: HandClock, site: Site, host: str) -> None:
    """The attack: a client_id that leads behind the firewall (RFC 6890). A public server never
    goes there, whether the address is written or a name resolves to it."""
    port = site.server.server_address[1]
    away = documents_of(clock, local=False)
    assert away.find(f"https://{host}:{port}/client.json") is None
    assert away.find(f"http://{host}:{port}/client.json") is None
    assert site.paths == []


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fd00::1]"])
def test_development_opens_loopback_and_nothing_else(clock: HandClock, host: str) -> None:
    """The exception of section 6 is for this machine."""
    assert documents_of(clock).find(f"https://{host}/client.json") is None


def test_a_document_is_remembered_for_as_long_as_it_says(
    documents: ClientDocuments, site: Site, clock: HandClock
) -> None:
    """And then read again, with what has changed."""
    site.headers = {"Cache-Control": "max-age=600"}
    documents.find(site.id)
    clock.move(599)
    documents.find(site.id)
    assert len(site.paths) == 1
    site.more = {"client_name": "Renamed"}
    clock.move(2)
    client = documents.find(site.id)
    assert client is not None
    assert client.metadata.client_name == "Renamed"


def test_a_failure_is_not_remembered_but_for_a_breath(
    documents: ClientDocuments, site: Site, clock: HandClock
) -> None:
    """Whatever its headers ask for: a client that was put right is found."""
    site.status, site.headers = 500, {"Cache-Control": "max-age=86400"}
    assert documents.find(site.id) is None
    site.status = 200
    assert documents.find(site.id) is None
    assert len(site.paths) == 1
    clock.move(FAILED_SECONDS + 1)
    assert documents.find(site.id) is not None


def test_many_who_ask_at_once_cause_one_fetch(documents: ClientDocuments, site: Site) -> None:
    """Single flight: the others wait for its answer."""
    site.gate.clear()
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(documents.find(site.id))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    site.arrived.acquire(timeout=5)
    site.gate.set()
    for thread in threads:
        thread.join()
    assert site.paths == ["/client.json"]
    assert len(found) == 12
    assert all(found)


def test_one_slow_document_holds_few_threads(documents: ClientDocuments, site: Site) -> None:
    """The attack: one id of a server that never answers, asked for until no thread is left."""
    site.gate.clear()
    too_many, found = threading.Semaphore(0), []

    def ask() -> None:
        try:
            found.append(documents.find(site.id))
        except DocumentsBusy:
            too_many.release()

    threads = [threading.Thread(target=ask) for _ in range(MOST_WAITING + 5)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert too_many.acquire(timeout=5)  # while the others still wait
    site.gate.set()
    for thread in threads:
        thread.join()
    assert len(found) == MOST_WAITING
    assert all(found)


def test_slow_sites_hold_few_threads(documents: ClientDocuments, site: Site) -> None:
    """The attack: many ids of a server that never answers, until no thread is left."""
    site.gate.clear()
    threads = [
        threading.Thread(target=documents.find, args=(f"{site.base}/{number}.json",))
        for number in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert site.arrived.acquire(timeout=5)
    with pytest.raises(DocumentsBusy):
        documents.find(f"{site.base}/one-more.json")
    site.gate.set()
    for thread in threads:
        thread.join()


def test_nobody_is_flooded_through_us(
    documents: ClientDocuments, site: Site, clock: HandClock
) -> None:
    """The attack: ever new paths of a victim's host, so that each is a request to it."""
    for number in range(PER_HOST):
        documents.find(f"{site.base}/{number}.json")
    with pytest.raises(DocumentsBusy):
        documents.find(f"{site.base}/one-more.json")
    assert len(site.paths) == PER_HOST
    clock.move(61)
    assert documents.find(f"{site.base}/one-more.json") is not None


def test_memory_is_bounded(clock: HandClock, site: Site) -> None:
    """The one that was read longest ago goes."""
    small = documents_of(clock, capacity=2)
    for name in ("a", "b", "c", "a"):
        assert small.find(f"{site.base}/{name}") is not None
    assert site.paths == ["/a", "/b", "/c", "/a"]
