"""Clients at an issuer with a path: by `portero serve`, in gunicorn, and inside another Flask
application (examples/flask_mount)."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2 import rfc8414
from authlib.oidc import discovery
from joserfc import jwt
from joserfc.jwk import KeySet
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from tests.interop.conftest import REDIRECT_URI, Provider
from tests.interop.javascript import run
from tests.interop.test_mcp import Storage, sign_in_by
from tests.interop.tool_server import serving


def _signed_in(provider: Provider, **more: Any) -> tuple[OAuth2Session, dict[str, Any]]:
    """Somebody signs in through Authlib, which finds everything by the issuer alone."""
    client = provider.register()
    told = provider.document(discovery.get_well_known_url(provider.issuer, external=True))
    session = OAuth2Session(
        client.client_id,
        client.secret,
        scope="openid profile offline_access",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, _ = session.create_authorization_url(
        told["authorization_endpoint"], code_verifier=verifier, **more
    )
    back = provider.browser().authorize(url)
    session.fetch_token(told["token_endpoint"], authorization_response=back, code_verifier=verifier)
    return session, told


def test_authlib_finds_the_issuer_and_signs_somebody_in(path_provider: Provider) -> None:
    """By either document; then ID token, UserInfo and refresh."""
    session, told = _signed_in(path_provider)
    assert told["issuer"] == path_provider.issuer
    other = rfc8414.get_well_known_url(path_provider.issuer, external=True)
    assert other.endswith("/.well-known/oauth-authorization-server/auth")
    assert path_provider.document(other) == told

    keys = KeySet.import_key_set(path_provider.document(told["jwks_uri"]))
    claims = jwt.decode(session.token["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == path_provider.issuer
    person = session.get(told["userinfo_endpoint"]).json()
    assert (person["sub"], person["preferred_username"]) == (claims["sub"], "ana")
    renewed = session.refresh_token(told["token_endpoint"], session.token["refresh_token"])
    assert renewed["refresh_token"]


def test_a_token_opens_the_api_of_the_issuer(path_provider: Provider) -> None:
    """Its audience has the path too."""
    session, _ = _signed_in(path_provider, resource=f"{path_provider.issuer}/api")
    answer = session.get(f"{path_provider.issuer}/protected")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("algorithm", ["oidc", "oauth2"])
def test_openid_client_lives_through_a_whole_session(
    path_provider: Provider, algorithm: str
) -> None:
    """Discovery behind the path and between host and path; then all that it does elsewhere."""
    client = path_provider.register()
    told = run(
        "openid_client.js", path_provider, path_provider.browser(),
        clientId=client.client_id, secret=client.secret, method="client_secret_basic",
        algorithm=algorithm,
    )  # fmt: skip
    assert told["username"] == "ana"
    assert told["sameSubject"] is True
    assert (told["before"], told["after"]) == (True, False)
    assert told["signOut"].startswith(f"{path_provider.issuer}/")


def test_an_mcp_client_finds_the_issuer_from_a_401(path_provider: Provider) -> None:
    """Protected resource metadata names an issuer with a path, and the SDK goes on from there."""
    storage, browser = Storage(), path_provider.browser()

    async def add() -> object:
        auth = sign_in_by(path_provider.api, browser, storage)
        async with create_mcp_http_client(auth=auth) as http:
            transport = streamable_http_client(path_provider.api, http_client=http)
            async with Client(transport) as client:
                return (await client.call_tool("add", {"a": 2, "b": 3})).structured_content

    with serving(issuer=path_provider.issuer, url=path_provider.api):
        assert asyncio.run(add()) == {"result": 5}
    assert browser.forms == ["/sign-in", "/consent"]


@pytest.mark.parametrize("path_provider", ["mounted"], indirect=True)
def test_the_host_application_takes_the_tokens_of_what_it_mounts(path_provider: Provider) -> None:
    """Its view is closed, and opens to a token that Authlib got for it."""
    notes = f"{path_provider.server.url}/notes"
    session, _ = _signed_in(path_provider, resource=f"{path_provider.issuer}/api")
    refused = httpx2.get(notes)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    answer = session.get(notes)
    assert answer.status_code == 200, answer.text
    assert answer.json()["owner"]
