"""Client ID Metadata Documents at the endpoints: an application's own site says who it is."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from portero.core.provider.statuses import store as status_store
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import RelyingParty, fields, query_of

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


class Site:
    """An application's site on this machine, with its document at `id`."""

    def __init__(self) -> None:
        self.more: dict[str, Any] = {}
        self.asked = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                told = {"client_id": site.id, "redirect_uris": ["http://127.0.0.1/cb"], **site.more}
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.id = f"http://127.0.0.1:{self.server.server_address[1]}/client.json"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def document_home(make_home: MakeHome) -> Home:
    return make_home(PORTERO_CLIENT_ID_DOCUMENTS="on")


def error_of(home: Home, client_id: str, **form: str) -> tuple[int, str]:
    asked = {"grant_type": "urn:ietf:params:oauth:grant-type:unheard-of", **form}
    answer = home.client().post("/oauth/token", data={"client_id": client_id, **asked})
    assert answer.json is not None
    return answer.status_code, answer.json["error"]


def advertised(home: Home) -> Any:
    told = home.get("/.well-known/oauth-authorization-server").json
    assert told is not None
    return told.get("client_id_metadata_document_supported")


def test_documents_are_off_by_default(home: Home, site: Site) -> None:
    """Nothing is fetched for anybody, and the metadata promises nothing."""
    assert error_of(home, site.id) == (401, "invalid_client")
    assert site.asked == 0
    assert advertised(home) is None


def test_a_public_document_is_a_client_where_they_are_on(document_home: Home, site: Site) -> None:
    """It comes as far as the grant, which is none; and the metadata says that it can."""
    assert error_of(document_home, site.id) == (400, "unsupported_grant_type")
    assert site.asked == 1
    assert advertised(document_home) is True


@pytest.mark.parametrize("more", [{}, {"token_endpoint_auth_method": "private_key_jwt"}])
def test_a_document_with_keys_must_prove_itself(
    document_home: Home, site: Site, more: dict[str, Any]
) -> None:
    """The attack: to be that client by its id alone."""
    site.more = {"jwks": {"keys": [KEY]}, **more}
    assert error_of(document_home, site.id) == (401, "invalid_client")


def test_no_secret_is_a_documents_secret(document_home: Home, site: Site) -> None:
    """A public client that sends one is refused."""
    assert error_of(document_home, site.id, client_secret="x") == (401, "invalid_client")


def test_a_site_behind_the_firewall_is_not_asked(document_home: Home) -> None:
    """The attack: a client_id that makes the server ask the cloud's metadata service."""
    for url in ("https://169.254.169.254/latest/meta-data", "https://10.0.0.1/client.json"):
        assert error_of(document_home, url) == (401, "invalid_client")


def test_the_consent_page_says_whose_document_it_is(document_home: Home, site: Site) -> None:
    """The attack (§6): a document anywhere calls itself by a name that people trust, with that
    one's logo and address. Where the document lies is the only thing that it can't choose."""
    document_home.register()
    site.more = {"client_name": "My Bank", "client_uri": "https://bank.example"}
    rp = RelyingParty(
        document_home, site.id, "", document_home.client(), redirect_uri="http://127.0.0.1/cb"
    )
    page = rp.begin(scope="openid")
    page = rp.browser.get(page.location)
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    page = rp.browser.get(rp.browser.post("/sign-in", data=form).location)
    page = rp.browser.get(page.location)
    said = re.sub(r"<[^>]+>", "", page.text)
    assert "Allow My Bank?" in said
    assert f"comes from {urlsplit(site.id).netloc}." in said
    assert "bank.example" not in page.text
    assert "code" in query_of(rp.walk(page))


def test_a_document_is_sent_back_only_to_its_own_addresses(document_home: Home, site: Site) -> None:
    """The attack: somebody else's document as client, and an address of one's own."""
    rp = RelyingParty(document_home, site.id, "", document_home.client())
    refused = rp.begin(scope="openid", redirect_uri="https://evil.example/cb")
    assert (refused.status_code, refused.location) == (400, None)
    assert rp.begin(scope="openid", redirect_uri="http://127.0.0.1:5000/cb").status_code == 303


def test_tokens_of_a_document_are_not_in_the_list_of_revoked_ones(document_home: Home) -> None:
    """It has no row among the clients, and is not gone for that."""
    now = document_home.clock.now()
    until, since = now + timedelta(minutes=10), now - timedelta(minutes=10)
    url, db = "https://app.example/client.json", document_home.house.db

    def lease(tx: Any) -> Any:
        return status_store.lease(tx, url, count=1, now=now, until=until, below=100_000)

    assert db.write(lease)
    found = db.read(
        lambda tx: status_store.blocks_of_clients_without_right(tx, now=now, since=since)
    )
    assert found == []


@pytest.mark.parametrize("keeps", [False, True])
def test_a_fapi_server_takes_documents_that_keep_its_profile(
    make_home: MakeHome, site: Site, keeps: bool
) -> None:
    """PORTERO_PROFILE holds for them as for whoever registers: a public one is no client, one with
    keys is a client that has to push."""
    if keeps:
        site.more = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY]}}
    home = make_home(PORTERO_CLIENT_ID_DOCUMENTS="on", PORTERO_PROFILE="fapi2")
    party = RelyingParty(home, site.id, "", home.client(), redirect_uri="http://127.0.0.1/cb")
    answer = party.begin()
    assert answer.status_code == 400
    assert ("error=invalid_request" in answer.text) is keeps
    assert site.asked == 1
