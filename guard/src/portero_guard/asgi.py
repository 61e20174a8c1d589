"""The guard in ASGI: a middleware for any application, a dependency for FastAPI, a decorator for
Starlette. Starlette is imported when a dependency or decorator is made, not with this module.

Checks run on the event loop; only when the network is needed (first keys, an unknown key, an
opaque token) does a request wait on a thread.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import wraps
from typing import Any, Final, overload

from portero_guard.credentials import head_from_asgi
from portero_guard.errors import Refused, answer
from portero_guard.guard import CurrentUser, Demand, Guard
from portero_guard.keys import FetchNeeded
from portero_guard.resource_metadata import HEADERS, ResourceMetadata

_log: Final = logging.getLogger("portero_guard")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
View = Callable[..., Any]
Guarded = Callable[..., Awaitable[Any]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def admit(guard: Guard, scope: Scope, demand: Demand) -> CurrentUser:
    """`Guard.admit` without blocking the event loop; raises `Refused`."""
    head = head_from_asgi(scope, certificate=guard.certificate_of(scope))
    try:
        return guard.admit(head, demand, may_fetch=False)
    except FetchNeeded:
        return await asyncio.to_thread(guard.admit, head, demand)


class GuardMiddleware:
    """Closed by default: every HTTP request and WebSocket needs a token, but for `open_paths`
    (exact) and the guard's own resource metadata, which it serves. The user is in
    `scope["state"]["current_user"]` (Starlette: `request.state`)."""

    def __init__(
        self,
        app: App,
        *,
        guard: Guard,
        scopes: str | Iterable[str] = (),
        audience: str | None = None,
        max_age: int | None = None,
        acr: str | Iterable[str] = (),
        open_paths: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._guard = guard
        self._demand = Demand.of(scopes=scopes, audience=audience, max_age=max_age, acr=acr)
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        metadata = self._guard.resource_metadata
        if metadata is not None and scope["type"] == "http" and scope["path"] == metadata.path:
            await _send(send, 200, HEADERS, metadata.body)
            return
        guarded = scope["type"] in ("http", "websocket") and scope["path"] not in self._open_paths
        if guarded:
            try:
                current_user = await admit(self._guard, scope, self._demand)
            except Refused as refusal:
                await _refuse(refusal, scope, send)
                return
            scope.setdefault("state", {})["current_user"] = current_user
        await self._app(scope, receive, send)


def install(app: Any, guard: Guard) -> None:
    """Give a Starlette or FastAPI application its guard, and the answer to every refusal that
    `current_user` or `token_required` raises; and serve the guard's resource metadata."""
    app.state.portero_guard = guard
    app.add_exception_handler(Refused, _refused_response)
    if guard.resource_metadata is not None:
        _serve(app, guard.resource_metadata)


def current_user(
    *,
    scopes: str | Iterable[str] = (),
    audience: str | None = None,
    max_age: int | None = None,
    acr: str | Iterable[str] = (),
) -> Callable[..., Awaitable[CurrentUser]]:
    """A FastAPI dependency: `user: Annotated[CurrentUser, Depends(current_user())]`."""
    from starlette.requests import HTTPConnection

    demand = Demand.of(scopes=scopes, audience=audience, max_age=max_age, acr=acr)

    async def dependency(connection: Any) -> CurrentUser:
        return await admit(_guard_of(connection), connection.scope, demand)

    # FastAPI reads the signature to learn what to pass: the class itself, not its name.
    dependency.__annotations__["connection"] = HTTPConnection
    return dependency


@overload
def token_required(view: View, /) -> Guarded: ...
@overload
def token_required(
    *,
    scopes: str | Iterable[str] = ...,
    audience: str | None = ...,
    max_age: int | None = ...,
    acr: str | Iterable[str] = ...,
) -> Callable[[View], Guarded]: ...
def token_required(
    view: View | None = None,
    /,
    *,
    scopes: str | Iterable[str] = (),
    audience: str | None = None,
    max_age: int | None = None,
    acr: str | Iterable[str] = (),
) -> Any:
    """A decorator for Starlette endpoints: `async def view(request, current_user)`. As
    `@token_required` or `@token_required(scopes=["notes:write"])`."""
    demand = Demand.of(scopes=scopes, audience=audience, max_age=max_age, acr=acr)

    def guarding(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        async def guarded(request: Any) -> Any:
            user = await admit(_guard_of(request), request.scope, demand)
            if inspect.iscoroutinefunction(view):
                return await view(request, user)
            return await asyncio.to_thread(view, request, user)

        return guarded

    return guarding if view is None else guarding(view)


def _guard_of(connection: Any) -> Guard:
    guard = getattr(connection.app.state, "portero_guard", None)
    if not isinstance(guard, Guard):
        raise RuntimeError(
            "call portero_guard.asgi.install(app, guard) when the application starts"
        )
    return guard


def _serve(app: Any, metadata: ResourceMetadata) -> None:
    from starlette.responses import Response
    from starlette.routing import Route

    async def resource_metadata(request: Any) -> Response:
        return Response(metadata.body, headers=dict(HEADERS))

    # In front: an application's last route may catch every path.
    app.router.routes.insert(0, Route(metadata.path, resource_metadata))


def _refused_response(_: Any, refusal: Exception) -> Any:
    from starlette.responses import Response

    assert isinstance(refusal, Refused)
    _log.info("refused: %s", refusal)
    said = answer(refusal)
    return Response(said.body, said.status, dict(said.headers))


async def _refuse(refusal: Refused, scope: Scope, send: Send) -> None:
    _log.info("refused: %s", refusal)
    if scope["type"] == "websocket":
        # Before it was accepted: the server answers 403 to the handshake.
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.public})
        return
    said = answer(refusal)
    await _send(send, said.status, said.headers, said.body)


async def _send(send: Send, status: int, told: Iterable[tuple[str, str]], body: bytes) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in told]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
