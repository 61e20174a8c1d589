"""gunicorn, with what its asgi worker lacks: a deadline for the first head, a limit of connections,
"Connection: close" meant when said, and a drain that does not wait for idle connections.

Imported only to serve.
"""

from __future__ import annotations

import gc
import logging
from asyncio import TimerHandle
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, cast

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types
from gunicorn.asgi import protocol  # type: ignore[import-untyped]  # it has no types
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]  # it has no types
from gunicorn.glogging import Logger  # type: ignore[import-untyped]  # it has no types
from gunicorn.workers import gasgi  # type: ignore[import-untyped]  # it has no types

from portero.web.outlet import Lines

# Slow read: after we close, what the client has not taken by then is thrown away.
FLUSH_SECONDS: Final = 10.0
# At the drain, requests that are on the wire get this long before silent connections are closed.
_IDLE_GRACE_SECONDS: Final = 0.3
# The worker gives up this much before the arbiter kills it, so that the stop hooks still run.
_STOP_HOOK_SECONDS: Final = 3
# What each worker would import itself, when it begins and at its first signature: imported before
# the fork, its memory is shared.
_SHARED_IMPORTS: Final = (
    "cryptography.hazmat.backends.openssl.backend",
    "gunicorn.instrument.statsd",
    "uvloop",
)

# As many live objects more than at the last look make the interpreter look for rubbish. At its own
# 700 it went through the requests in flight fifty times in 1,000 refreshes, and found none.
_YOUNG_OBJECTS: Final = 10_000

_scan: Final = protocol._scan_response_headers
Found = tuple[bool, Any, bool]  # a Content-Length, which one, and a Transfer-Encoding


def _scanned(headers: Any) -> Found:
    """gunicorn looks at each line of each answer; at those that are fixed, once."""
    if not isinstance(headers, Lines):
        return cast("Found", _scan(headers))
    if not headers.fixed.is_checked:
        _scan(headers.fixed.wire)
        headers.fixed.is_checked = True
    return cast("Found", _scan(headers.others))


protocol._scan_response_headers = _scanned

# 16,384 ready-made chunk sizes are 2 MB; gunicorn makes the one that it lacks, and we seldom chunk.
protocol._CHUNK_PREFIXES.clear()


class Program(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's frame around `make_app`. Workers find it as `worker.app`."""

    def __init__(
        self, make_app: Callable[[], Any], options: dict[str, Any], *, head_seconds: float
    ) -> None:
        self.head_seconds = head_seconds
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Asked of the base class, where gunicorn looks for the answer: asked through `Connection`
        # it is kept there, and every connection falls back or fails (gunicorn 27).
        if not ASGIProtocol._check_h1c_protocol_available():
            raise RuntimeError("gunicorn-h1c is not installed")
        for name in _SHARED_IMPORTS:
            import_module(name)
        made = self._make_app()
        # What is made by now lives for ever. Collecting it in a worker would touch, and so copy,
        # every page that the workers share; here it would find next to nothing and take 0.1 s.
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS)
        gc.enable()
        return made


class Connection(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no types
    """One connection; gunicorn bounds the heads after the first by keep-alive, we the first."""

    _head_deadline: TimerHandle | None = None
    _close_said = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        connections: set[Connection] = self.worker.connections
        connections.add(self)
        if len(connections) > self.worker.worker_connections:
            transport.abort()
            return
        # Slowloris: a head that drips in holds a connection for this long and no longer.
        seconds = self.worker.app.head_seconds
        self._head_deadline = self.worker.loop.call_later(seconds, self._head_overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    def close_if_idle(self) -> None:
        """At the drain: close unless a request is being answered."""
        if self._awaiting_request and not self._finishing_calls:
            self._close_transport()
            self._request_ready.set()

    def _send_response_start(
        self, status: int, headers: Any, request: Any, close: bool = False
    ) -> None:
        if not isinstance(headers, Lines):
            self._close_said = (b"connection", b"close") in headers
            super()._send_response_start(status, headers, request, close=close)
            return
        self._close_said = False
        self._response_buffer = b"".join(
            (
                protocol._get_cached_status_line(request.version, status),
                headers.fixed.block,
                *[b"%b: %b\r\n" % line for line in headers.others],
                protocol._get_cached_date_header(),
                b"Connection: close\r\n\r\n" if close else b"\r\n",
            )
        )

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        """What gunicorn refuses by itself, in a text that can quote the request: with the headers
        of the front's other answers, so that no browser takes it for a page."""
        super()._send_error_response(status, message, (*extra_headers, *self.app.headers))

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        keep_alive = await super()._serve_http_request(request, sockname, peername)
        return keep_alive and not self._close_said

    def _on_headers_complete(self) -> Any:
        self._forget_deadline()
        return super()._on_headers_complete()

    def _head_overdue(self) -> None:
        self._send_error_response(408, "The request head took too long to arrive.")
        self._close_transport()
        self._request_ready.set()

    def _close_transport(self) -> None:
        super()._close_transport()
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.worker.loop.call_later(FLUSH_SECONDS, self.transport.abort)

    def _forget_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()

    def init_process(self) -> None:
        deadline = max(1, self.cfg.graceful_timeout - _STOP_HOOK_SECONDS)
        self.cfg.set("graceful_timeout", deadline)
        # The worker makes its protocol by this module's name and offers no setting for it;
        # tests/http/test_front_limits.py fails when that changes.
        gasgi.ASGIProtocol = Connection
        super().init_process()

    async def _shutdown(self) -> None:
        self.loop.call_later(_IDLE_GRACE_SECONDS, self._close_idle)
        await super()._shutdown()

    def _close_idle(self) -> None:
        for connection in tuple(self.connections):
            connection.close_if_idle()


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's warnings and errors go where all of Portero's logs go."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logging.getLogger("gunicorn.error").propagate = True
