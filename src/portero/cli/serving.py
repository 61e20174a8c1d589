"""`serve`: the ASGI application under gunicorn, with the limits that we chose.

Importing this is light; gunicorn is imported when something is served. Why gunicorn, and what was
measured: docs/decisions/0005-server.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

MakeApp = Callable[[], Any]

DEFAULT_GRACEFUL_SECONDS: Final = 20
DEFAULT_HEAD_SECONDS: Final = 10.0  # from the connection to the end of its first head
MAX_CONNECTIONS: Final = 1000  # open at once in one worker; one more is closed at once
KEEP_ALIVE_SECONDS: Final = 5  # idle between two requests, the next head included
MAX_REQUEST_LINE_BYTES: Final = 8190  # an authorization request may be this long
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 8190  # one field; all together: 16 kB, in web/strict.py
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only the heartbeat file, made by mkstemp


def serve(
    make_app: MakeApp,
    *,
    host: str,
    port: int,
    workers: int = 1,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    graceful_seconds: int = DEFAULT_GRACEFUL_SECONDS,
    head_seconds: float = DEFAULT_HEAD_SECONDS,
    on_ready: Callable[[str], None] | None = None,
) -> NoReturn:
    """Serve until SIGTERM or SIGINT; then exit, at the latest `graceful_seconds` after it.

    `make_app` runs once, before the fork, so that the workers share its pages: it opens no
    connection, no pool and no thread; that is for the application's start hooks. `on_ready` is
    given the URL once the socket listens. Raises SystemExit always.
    """
    from portero.cli.asgi_server import Program

    chosen = options(
        host=host,
        port=port,
        workers=workers,
        tls_cert=tls_cert,
        tls_key=tls_key,
        graceful_seconds=graceful_seconds,
    )
    if on_ready is not None:
        chosen["when_ready"] = lambda arbiter: on_ready(_url(arbiter, tls_cert is not None))
    Program(make_app, chosen, head_seconds=head_seconds).run()
    raise SystemExit(0)


def options(
    *,
    host: str,
    port: int,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    graceful_seconds: int,
) -> dict[str, Any]:
    """gunicorn's settings. No environment variable or file of gunicorn's own is read."""
    chosen: dict[str, Any] = {
        "bind": [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"],
        "workers": workers,
        "worker_class": "portero.cli.asgi_server.Worker",
        "logger_class": "portero.cli.asgi_server.ServerLog",
        "errorlog": None,
        "loglevel": "warning",
        "preload_app": True,
        "proc_name": "portero",
        "http_parser": "fast",  # strict, in C; the start fails when it is not installed
        "asgi_loop": "uvloop",
        "asgi_lifespan": "on",
        # A client that left takes its waiting work with it.
        "asgi_disconnect_grace_period": 0,
        "worker_connections": MAX_CONNECTIONS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "graceful_timeout": graceful_seconds,
        "timeout": 30,  # a worker whose event loop stands still this long is replaced
        "limit_request_line": MAX_REQUEST_LINE_BYTES,
        "limit_request_fields": MAX_HEADERS,
        "limit_request_field_size": MAX_HEADER_BYTES,
        # No header of a proxy is believed here, from whatever peer (default: loopback is).
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "header_map": "refuse",
        # A socket that controls the server is a door that nobody asked for.
        "control_socket_disable": True,
    }
    if _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK):
        chosen["worker_tmp_dir"] = str(_SHARED_MEMORY)  # the heartbeat must not wait for a disk
    if tls_cert is not None:
        chosen |= {"certfile": str(tls_cert), "keyfile": str(tls_key or tls_cert)}
    return chosen


def _url(arbiter: Any, is_tls: bool) -> str:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    return f"{'https' if is_tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
