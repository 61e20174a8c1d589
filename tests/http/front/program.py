"""A small application behind the real front and the real server, run as a process of its own.

`python program.py FOLDER PORT WORKERS [gunicorn|uvicorn]`. A request to /gate connects to
the test's socket `FOLDER/gate`, so that the test knows it, and ends when the test closes that.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import flask

from portero.cli.serving import serve
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, json_response
from portero.web.front import Front
from portero.web.headers import page_headers

GET, POST = frozenset({"GET"}), frozenset({"POST"})
BIG_PIECES, BIG_PIECE = 40, b"0123456789abcdef" * 4096  # 2.5 MiB
FOLDER, PORT, WORKERS = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SERVER = sys.argv[4] if len(sys.argv) > 4 else "gunicorn"


def note(word: str) -> None:
    with (FOLDER / "notes").open("a") as notes:
        notes.write(f"{word} {os.getpid()}\n")


def fail_if_asked() -> None:
    if (FOLDER / "fail").exists():
        raise RuntimeError("asked to fail")


def cheap(request: Request) -> Response:
    return json_response(200, {"ok": True, "method": request.method})


def swallow(request: Request) -> Response:
    return json_response(200, {"got": len(request.body)})


def broken(request: Request) -> Response:
    raise RuntimeError("the secret reason")


def pages() -> flask.Flask:
    app = flask.Flask("pages")

    @app.get("/seen")
    def seen() -> dict[str, object]:
        environ = flask.request.environ
        return {key: str(environ[key]) for key in environ if not key.startswith("werkzeug")}

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.get_data()

    @app.get("/pid")
    def pid() -> str:
        return str(os.getpid())

    @app.get("/gate")
    def gate() -> str:
        with socket.socket(socket.AF_UNIX) as turnstile:
            turnstile.connect(str(FOLDER / "gate"))
            turnstile.recv(1)
        return "through"

    @app.get("/big")
    def big() -> flask.Response:
        def pieces() -> Iterator[bytes]:
            for _ in range(BIG_PIECES):
                yield BIG_PIECE

        return flask.Response(pieces())

    return app


def make() -> Front:
    return Front(
        [
            Endpoint("/healthz", GET, cheap, on_loop=True),
            Endpoint("/cheap", GET, cheap, on_loop=True),
            Endpoint("/swallow", POST, swallow, body_cap=1000),
            Endpoint("/broken", GET, broken),
        ],
        pages(),
        allowed_hosts=[f"http://127.0.0.1:{PORT}", f"https://127.0.0.1:{PORT}"],
        threads=2,
        queue=1,
        body_seconds=1.0,
        on_start=[fail_if_asked, lambda: note("start")],
        on_stop=[lambda: note("stop")],
        headers=page_headers(hsts=True),
    )


def main() -> None:
    if SERVER == "uvicorn":
        import uvicorn

        uvicorn.run(make(), host="127.0.0.1", port=PORT, http="httptools", log_level="warning")
        return
    cert = FOLDER / "cert.pem"
    serve(
        make,
        host="127.0.0.1",
        port=PORT,
        workers=WORKERS,
        tls_cert=cert if cert.exists() else None,
        graceful_seconds=8,
        head_seconds=1.0,
        on_ready=lambda url: print(url, flush=True),
    )


if __name__ == "__main__":
    main()
