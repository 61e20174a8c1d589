"""An MCP server that somebody wrote, protected by portero_guard: all it knows is its issuer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from mcp.server.mcpserver import MCPServer

from portero_guard import Guard, Resource
from portero_guard.asgi import GuardMiddleware

_START_SECONDS = 10.0


@contextmanager
def serving(*, issuer: str, url: str) -> Iterator[None]:
    """The server at `url`, which is also its resource identifier (RFC 8707)."""
    tools = MCPServer("notes")

    @tools.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    guard = Guard(issuers=issuer, audience=url, resource=Resource(scopes=("openid",)))
    app = GuardMiddleware(tools.streamable_http_app(stateless_http=True), guard=guard)
    port = urlsplit(url).port
    assert port is not None
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + _START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the MCP server ended at its start"
        assert time.monotonic() < until, "the MCP server did not start"
        thread.join(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
