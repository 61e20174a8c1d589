"""MCP clients: from a 401 of an API that they have never seen to an answer, with no manual step."""

from __future__ import annotations

import asyncio

from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

from tests.interop.browser import Browser, query_of
from tests.interop.conftest import Provider
from tests.interop.javascript import run
from tests.interop.tool_server import serving

_REDIRECT_URI = "http://127.0.0.1:33418/callback"


class Storage:
    """What the SDK keeps of a server between two runs."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def sign_in_by(url: str, browser: Browser, storage: Storage) -> OAuthClientProvider:
    backs: list[str] = []

    async def open_browser(address: str) -> None:
        backs.append(await asyncio.to_thread(browser.authorize, address))

    async def came_back() -> AuthorizationCodeResult:
        told = query_of(backs.pop())
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])

    metadata = OAuthClientMetadata.model_validate(
        {"redirect_uris": [_REDIRECT_URI], "client_name": "An assistant"}
    )
    return OAuthClientProvider(url, metadata, storage, open_browser, came_back)


def test_the_python_sdk_finds_registers_and_signs_in_by_itself(provider: Provider) -> None:
    """401, resource metadata, server metadata, registration, sign-in, consent; then the tool."""
    storage, browser = Storage(), provider.browser()

    async def add() -> object:
        auth = sign_in_by(provider.api, browser, storage)
        async with create_mcp_http_client(auth=auth) as http:
            transport = streamable_http_client(provider.api, http_client=http)
            async with Client(transport) as client:
                return (await client.call_tool("add", {"a": 2, "b": 3})).structured_content

    with serving(issuer=provider.issuer, url=provider.api):
        assert asyncio.run(add()) == {"result": 5}
    assert storage.client is not None
    assert browser.forms == ["/sign-in", "/consent"]


def test_the_javascript_sdk_finds_registers_and_signs_in_by_itself(provider: Provider) -> None:
    """The same of the SDK in JavaScript, for a public client."""
    browser = provider.browser()
    with serving(issuer=provider.issuer, url=provider.api):
        told = run("mcp_sdk.js", provider, browser, redirectUri=_REDIRECT_URI)
    assert told["sum"] == "5"
    assert browser.forms == ["/sign-in", "/consent"]
