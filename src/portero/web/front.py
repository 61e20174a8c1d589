"""The ASGI door: every request of `portero serve` comes in here.

In order: the head is checked (strict.py); a probe, a protocol endpoint or the pages are found; the
body is read whole, under the route's cap and a deadline; the endpoint answers on the event loop or
on the crew's threads, everything else is Flask's, on the same threads. When they are all busy the
answer is 503, while what runs on the loop still answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import uuid_utils

from portero.kit import waiting
from portero.kit.ports import Meter
from portero.kit.refusals import Busy
from portero.kit.request_id import request_id
from portero.web import bridge, strict
from portero.web.base_path import NOT_OURS, BasePath
from portero.web.crew import Crew
from portero.web.deadline import within
from portero.web.endpoints import Endpoint, routes
from portero.web.exchange import FixedHeaders, Request, Response, log_refusal, problem
from portero.web.outlet import ClientGone, Message, Outlet, Send

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Hook = Callable[[], None]

log = logging.getLogger(__name__)

DEFAULT_THREADS: Final = 16
DEFAULT_QUEUE: Final = 64
DEFAULT_PAGE_BODY_CAP: Final = 128 * 1024  # bytes, for what Flask answers
DEFAULT_BODY_SECONDS: Final = 15.0  # for the whole body: a client can't hold on byte by byte
# After refusing a body: read and forget this much, so that the client sees the refusal and not a
# reset connection.
_LINGER_BYTES: Final = 1024 * 1024
_LINGER_SECONDS: Final = 2.0
_TOLD_CHARACTERS: Final = 200  # of a path that was refused, in the log
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Front:
    """An ASGI 3 application over the endpoint table and a WSGI application.

    `allowed_hosts` are URLs (the issuer) or exact `host[:port]`s; `base` is the path of the issuer,
    and the table's paths are below it. Every answer has `headers`, the front's own refusals too,
    where it does not say otherwise. The hooks run in each worker,
    after the fork: `on_start` in order before the first request, `on_stop` in reverse after the
    last. A hook of `on_start` that raises stops the server.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        pages: WSGIApplication,
        *,
        allowed_hosts: Iterable[str],
        threads: int = DEFAULT_THREADS,
        queue: int = DEFAULT_QUEUE,
        page_body_cap: int = DEFAULT_PAGE_BODY_CAP,
        body_seconds: float = DEFAULT_BODY_SECONDS,
        on_start: Sequence[Hook] = (),
        on_stop: Sequence[Hook] = (),
        meter: Meter | None = None,
        base: BasePath | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        self._routes = routes(endpoints)
        self._pages = pages
        self._allowed_hosts = strict.hosts_of(allowed_hosts)
        self._crew = Crew(threads=threads, queue=queue)
        self._page_body_cap = page_body_cap
        self._body_seconds = body_seconds
        self._on_start = tuple(on_start)
        self._on_stop = tuple(on_stop)
        self._meter = meter
        self._base = base or BasePath()
        # No version of the server: scanners read it.
        self.headers = FixedHeaders(*headers.items(), ("Server", "portero"))
        self._known_paths = strict.paths_of(map(self._base.at, self._routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = uuid_utils.uuid7().hex
            request_id.set(asked)
            with_body = scope["method"] != "HEAD"
            out = Outlet(send, request_id=asked, with_body=with_body, closing=self.headers)
            began = monotonic()
            await self._serve(scope, receive, out)
            if self._meter is not None:
                self._meter.request(out.status, monotonic() - began)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})  # before accepting: 403

    async def _serve(self, scope: Scope, receive: Receive, out: Outlet) -> None:
        answer: Response | None
        try:
            answer = await self._answer(scope, receive, out)
        except strict.Unacceptable as refusal:
            asked = scope["raw_path"].decode("latin-1")[:_TOLD_CHARACTERS]
            log_refusal(scope["method"], asked, refusal.code, refusal.detail)
            # What such a client sends next on this connection is not worth reading.
            close = ("Connection", "close")
            await out.whole(problem(refusal.status, refusal.code, refusal.public, close))
            if isinstance(refusal, strict.BodyTooLarge) and refusal.unread:
                await _linger(receive)
            return
        except Busy as refusal:
            retry = ("Retry-After", str(refusal.retry_after_seconds or 1))
            answer = problem(503, refusal.code, refusal.public, retry)
        except ClientGone:
            return
        except Exception:
            if out.started:
                raise  # the status is out: only a closed connection tells the client now
            log.exception("request %s failed", out.request_id)
            answer = problem(500, "internal_error", "Something went wrong on our side.")
        finally:
            out.abandoned = True  # a thread that still streams stops at its next piece
        await (out.finish() if answer is None else out.whole(answer))

    async def _answer(self, scope: Scope, receive: Receive, out: Outlet) -> Response | None:
        """The answer; None when the pages have sent theirs in pieces."""
        head = strict.checked_head(
            raw_path=scope["raw_path"],
            query=scope["query_string"],
            headers=scope["headers"],
            allowed_hosts=self._allowed_hosts,
            known_paths=self._known_paths,
        )
        path = self._base.inside(head.path)
        if path is None:
            return NOT_OURS
        peer = (scope.get("client") or ("",))[0]
        route = self._routes.get(path)
        if route is None:
            body = await self._body(receive, head, self._page_body_cap) if head.has_body else b""
            environ = bridge.build_environ(
                scope,
                replace(head, path=path),
                body,
                peer=peer,
                request_id=out.request_id,
                script_name=self._base.path,
            )
            return await self._crew.run(bridge.call_wsgi, self._pages, environ, out.push)
        endpoint = route.by_method.get(scope["method"])
        if endpoint is None:
            allow = ("Allow", route.allow)
            return problem(405, "method_not_allowed", "This method is not for this address.", allow)
        body = await self._body(receive, head, endpoint.body_cap) if head.has_body else b""
        request = _request(scope, path, body, peer=peer, request_id=out.request_id)
        if endpoint.on_loop:
            return endpoint.answer(request)
        if endpoint.at_once is not None and endpoint.at_once(request):
            try:
                return waiting.at_once(endpoint.answer, request)
            except waiting.WouldWait:
                return await self._crew.run(endpoint.answer, request)
        return await self._crew.run(endpoint.answer, request)

    async def _body(self, receive: Receive, head: strict.Head, cap: int) -> bytes:
        if head.content_length is not None and head.content_length > cap:
            raise strict.BodyTooLarge(f"announced {head.content_length} of {cap} bytes")
        try:
            return await within(self._body_seconds, _read(receive, cap))
        except TimeoutError as error:
            raise strict.BodyTooSlow(f"not whole after {self._body_seconds} s") from error

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            for hook in self._on_start:
                hook()
        except Exception as error:
            log.exception("start-up failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._crew.close()
        for hook in reversed(self._on_stop):
            try:
                hook()
            except Exception:
                log.exception("a stop hook failed")
        await send({"type": "lifespan.shutdown.complete"})


async def _read(receive: Receive, cap: int) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > cap:
            refusal = strict.BodyTooLarge(f"over {cap} bytes")
            refusal.unread = message.get("more_body", False)
            raise refusal
        pieces.append(piece)
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _linger(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            await _read(receive, _LINGER_BYTES)
    except (TimeoutError, ClientGone, strict.BodyTooLarge):
        return


def _request(scope: Scope, path: str, body: bytes, *, peer: str, request_id: str) -> Request:
    method = scope["method"]
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:  # names are in lower case, as ASGI says
        headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return Request(
        method="GET" if method == "HEAD" else method,
        path=path,
        query_string=scope["query_string"].decode("ascii"),
        headers=headers,
        body=body,
        peer=peer,
        scheme=scope["scheme"],
        request_id=request_id,
    )
