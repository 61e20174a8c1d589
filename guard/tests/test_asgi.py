"""The middleware, the dependency and the decorator, through Starlette's own client."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from guard.tests.local_issuer import AUDIENCE, NOW, LocalIssuer, Moving
from portero_guard import CurrentUser, Guard
from portero_guard.asgi import GuardMiddleware, current_user, install, token_required


@token_required
async def protected(request: Request, user: CurrentUser) -> Response:
    return JSONResponse({"username": user.username})


@token_required(scopes=["admin"])
def admin(request: Request, user: CurrentUser) -> Response:
    return PlainTextResponse("never")


@token_required
def plain(request: Request, user: CurrentUser) -> Response:
    return PlainTextResponse(user.id)


async def by_dependency(request: Request) -> Response:
    user = await current_user(scopes="notes:read")(request)
    return PlainTextResponse(user.id)


async def from_state(request: Request) -> Response:
    user = getattr(request.state, "current_user", None)
    return PlainTextResponse(user.id if user else "nobody")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.state.current_user.id)
    await websocket.close()


@pytest.fixture
def client(guard: Guard) -> TestClient:
    app = Starlette(
        routes=[
            Route("/protected", protected, methods=["GET", "POST"]),
            Route("/admin", admin),
            Route("/plain", plain),
            Route("/dependency", by_dependency),
        ]
    )
    install(app, guard)
    return TestClient(app)


def closed(guard: Guard, **demand: Any) -> TestClient:
    middleware = Middleware(GuardMiddleware, guard=guard, open_paths=["/healthz"], **demand)
    routes = [
        Route("/healthz", from_state),
        Route("/x", from_state, methods=["GET", "POST"]),
        WebSocketRoute("/ws", socket),
    ]
    return TestClient(Starlette(routes=routes, middleware=[middleware]))


def bearer(made: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {made}"}


def test_decorated_views_get_the_user(client: TestClient, issuer: LocalIssuer) -> None:
    """Async and plain ones."""
    made = bearer(issuer.token())
    assert client.get("/protected", headers=made).json() == {"username": "alice"}
    assert client.get("/plain", headers=made).text == "0193-alice"
    assert client.get("/dependency", headers=made).text == "0193-alice"


def test_refusals_are_answered(client: TestClient, issuer: LocalIssuer) -> None:
    """The same answers as in every framework."""
    bare = client.get("/protected")
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, "Bearer")
    expired = client.get("/protected", headers=bearer(issuer.token(exp=1)))
    assert expired.headers["content-type"] == "application/problem+json"
    assert expired.json()["detail"] == "The token has expired."
    assert client.get("/admin", headers=bearer(issuer.token())).status_code == 403
    assert client.get("/dependency", headers=bearer("x.y.z")).json()["error"] == "invalid_token"


def test_two_header_lines_are_two_credentials(client: TestClient, issuer: LocalIssuer) -> None:
    """ASGI hands each line on."""
    line = ("Authorization", f"Bearer {issuer.token()}")
    assert client.get("/protected", headers=[line, line]).status_code == 400


def test_the_dependency_tells_fastapi_what_it_needs() -> None:
    """FastAPI passes the connection to a parameter that is annotated with the class itself."""
    (parameter,) = inspect.signature(current_user()).parameters.values()
    assert parameter.annotation is HTTPConnection


def test_starlette_is_not_imported_with_the_module() -> None:
    """Another ASGI framework need not have it."""
    code = "import sys, portero_guard.asgi; sys.exit('starlette' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_middleware_closes_everything_but_open_paths(guard: Guard, issuer: LocalIssuer) -> None:
    """What is not there needs a token as well."""
    client = closed(guard)
    assert client.get("/healthz").text == "nobody"
    for path in ("/x", "/healthz/", "/not-there"):
        assert client.get(path, follow_redirects=False).status_code == 401
    assert client.get("/x", headers=bearer(issuer.token())).text == "0193-alice"


def test_the_middleware_asks_its_demand(guard: Guard, issuer: LocalIssuer) -> None:
    """As the decorator does."""
    client = closed(guard, scopes=["admin"])
    assert client.get("/x", headers=bearer(issuer.token())).status_code == 403
    assert client.get("/x", headers=bearer(issuer.token(scope="admin"))).status_code == 200


def test_a_websocket_needs_a_token_before_it_opens(guard: Guard, issuer: LocalIssuer) -> None:
    """The handshake itself is refused."""
    client = closed(guard)
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/ws"):
        pass
    assert caught.value.code == 1008
    with client.websocket_connect("/ws", headers=bearer(issuer.token())) as opened:
        assert opened.receive_text() == "0193-alice"


def test_a_cookie_websocket_needs_the_same_origin(issuer: LocalIssuer, moving: Moving) -> None:
    """Cross-site WebSocket hijacking: no CORS check stands in its way."""
    guard = Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, cookie=True)
    client = closed(guard)
    sent = {"Cookie": f"portero_at={issuer.token()}", "Origin": "https://evil.example"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws", headers=sent):
        pass
    sent["Origin"] = "http://testserver"
    with client.websocket_connect("/ws", headers=sent) as opened:
        assert opened.receive_text() == "0193-alice"
    del sent["Origin"]
    assert client.get("/x", headers=sent).status_code == 200
    assert client.post("/x", headers=sent).status_code == 403


def test_an_app_without_a_guard_does_not_open(issuer: LocalIssuer) -> None:
    """A forgotten `install` is an error, not an open door."""
    client = TestClient(Starlette(routes=[Route("/protected", protected)]))
    with pytest.raises(RuntimeError, match="install"):
        client.get("/protected", headers=bearer(issuer.token(NOW)))
