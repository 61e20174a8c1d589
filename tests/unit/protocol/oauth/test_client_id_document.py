"""Which URLs are a client's id, and what the document there must say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portero.core.clients.rules import could_be_client_id
from portero.protocol.oauth.client_id_document import (
    check_document_id,
    documents_policy,
    looks_like_document_id,
    read_document,
)
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import AuthMethod, MetadataPolicy

ID = "https://app.example/client.json"
DOCUMENT = {"client_id": ID, "client_name": "App", "redirect_uris": ["https://app.example/cb"]}
KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


def read(document: Any, scopes: tuple[str, ...] = ("openid",)) -> ClientMetadata:
    return read_document(
        json.dumps(document).encode(),
        expected_client_id=ID,
        scopes=scopes,
        policy=documents_policy(MetadataPolicy()),
    )


@pytest.mark.parametrize("text", [ID, "https://app.example:8443/a/b", "https://x.test/~me"])
def test_a_client_id_url(text: str) -> None:
    """https, with a path."""
    assert check_document_id(text, local=False).scheme == "https"


@pytest.mark.parametrize(
    "text",
    [
        "http://app.example/client.json",
        "http://127.0.0.1:9000/client.json",
        "https://app.example",
        "https://app.example/",
        "https://app.example/a/../client.json",
        "https://app.example/./client.json",
        "https://app.example/%2e%2e/client.json",
        "https://app.example/client.json#",
        "https://app.example/client.json#a",
        "https://app.example/client.json?",
        "https://app.example/client.json?a=b",
        "https://bank.example@evil.example/client.json",
        "https://app.example\\@evil.example/client.json",
        "https://0x7f.1/client.json",
        "https://app.example/" + "x" * 250,
        "ftp://app.example/client.json",
        "https:/app.example/client.json",
        "https://app.example/client json",
    ],
)
def test_what_is_no_client_id_url(text: str) -> None:
    """Section 3 of the draft: scheme, path, dot segments, fragment, user name, query."""
    with pytest.raises(Unacceptable):
        check_document_id(text, local=False)


def test_http_is_for_a_server_on_loopback_and_a_client_there() -> None:
    """In development; and no other host even then."""
    assert check_document_id("http://127.0.0.1:9000/client.json", local=True)
    with pytest.raises(Unacceptable):
        check_document_id("http://app.example/client.json", local=True)


def test_no_id_that_is_made_or_chosen_here_is_a_url() -> None:
    """Else a registration could take the name of somebody's site."""
    assert looks_like_document_id(ID)
    assert not could_be_client_id(ID)


def test_a_document_without_a_method_is_of_a_public_client() -> None:
    """RFC 7591's default has a secret, which no document can."""
    assert read(DOCUMENT).token_endpoint_auth_method is AuthMethod.NONE


@pytest.mark.parametrize("more", [{}, {"token_endpoint_auth_method": "private_key_jwt"}])
def test_a_client_that_publishes_keys_has_to_use_them(more: Any) -> None:
    """The attack: be a client with keys by showing none."""
    read_back = read({**DOCUMENT, "jwks": {"keys": [KEY]}, **more})
    assert read_back.token_endpoint_auth_method is AuthMethod.PRIVATE_KEY_JWT


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "https://app.example/client.json/"},
        {"client_id": "https://APP.example/client.json"},
        {"client_id": None},
        {"client_secret": "x"},
        {"client_secret": None},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"id_token_signed_response_alg": "HS256"},
        {"redirect_uris": []},
        {"redirect_uris": ["http://app.example/cb"]},
        {"grant_types": ["client_credentials"], "response_types": []},
        {"require_pkce": False},
        {"subject_type": "pairwise"},
        {"scope": "admin"},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
    ],
)
def test_documents_that_are_refused(more: Any) -> None:
    """Another id, a shared secret in any form, or more than a registrant may."""
    with pytest.raises(InvalidClientMetadata):
        read({**DOCUMENT, **more})


@pytest.mark.parametrize("octets", [b"", b"[]", b"\xff{}", b'{"a":1,"a":2}', b"[" * 9999])
def test_what_is_no_json_object_is_no_document(octets: bytes) -> None:
    """Two members of one name too: readers differ in which of them counts."""
    with pytest.raises(InvalidClientMetadata):
        read_document(
            octets,
            expected_client_id=ID,
            scopes=(),
            policy=documents_policy(MetadataPolicy()),
        )


def test_a_document_names_no_api_as_its_own() -> None:
    """As with registration: it could introspect the tokens of others."""
    assert read({**DOCUMENT, "default_resource": "https://notes.example"}).default_resource == ""
