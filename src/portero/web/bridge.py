"""From the ASGI front to a WSGI application: the environ, the call, the answer.

The environ is built from nothing: every key is one that this file writes. Proxy headers are passed
on as received and mean nothing yet; whether any is believed is decided in web/host.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from portero.web.exchange import Response
from portero.web.strict import Head, RawHeaders

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REQUEST_ID_KEY: Final = "portero.request_id"
# An answer up to this many bytes is joined and sent at once, without the thread waiting for the
# client; a longer one is handed over piece by piece, at the speed that the client reads.
STREAM_ABOVE_BYTES: Final = 256 * 1024

Push = Callable[[Response | bytes], None]


def build_environ(
    scope: Mapping[str, Any],
    head: Head,
    body: bytes,
    *,
    peer: str,
    request_id: str,
    script_name: str = "",
) -> dict[str, Any]:
    """A WSGI environ (PEP 3333) for a checked head, whose path is the one below `script_name`, and
    a whole body."""
    server_name, server_port = scope.get("server") or ("", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": script_name,
        # PEP 3333 wants the path's bytes, each as one character.
        "PATH_INFO": head.path if head.path.isascii() else head.path.encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        REQUEST_ID_KEY: request_id,
    }
    _add_headers(environ, scope["headers"])
    if head.chunked or head.content_length is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def call_wsgi(app: WSGIApplication, environ: dict[str, Any], push: Push) -> Response | None:
    """Run the application on this thread; the whole answer, or None when it was pushed.

    `push` is given a long answer in pieces: first a `Response` with the first bytes, then bytes;
    it blocks until the client has taken them, and raises when the client is gone.
    """
    started: list[Response] = []
    pieces: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        started[:] = [Response(int(status[:3]), b"", tuple(headers))]
        return pieces.append

    answer = app(environ, start_response)
    try:
        size, streaming = 0, False
        for piece in answer:
            pieces.append(piece)
            size += len(piece)
            if size > STREAM_ABOVE_BYTES:
                joined = b"".join(pieces)
                push(joined if streaming else _with_body(started[0], joined))
                streaming, size = True, 0
                pieces.clear()
        if not streaming:
            return _with_body(started[0], b"".join(pieces))
        if pieces:
            push(b"".join(pieces))
        return None
    finally:
        _close(answer)


def _with_body(start: Response, body: bytes) -> Response:
    return Response(start.status, body, start.headers)


def _close(answer: Iterable[bytes]) -> None:
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _add_headers(environ: dict[str, Any], headers: RawHeaders) -> None:
    for name, raw in headers:
        if name in _FRAMING:
            continue  # the body is whole and unchunked by now
        key, value = _environ_key(name), raw.decode("latin-1")
        if key in environ:
            # RFC 9110 §5.3; cookies are the one list that is joined otherwise (RFC 6265 §5.4).
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}"
        environ[key] = value


_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})


@lru_cache(maxsize=512)
def _environ_key(name: bytes) -> str:
    if name == b"content-type":
        return "CONTENT_TYPE"
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
