"""A bare Flask view with one PyJWT decode, under the server that carries Portero.

`python -m benchmarks.floors.flask_view PORT JWK ISSUER AUDIENCE`. Same server, same door, same
number of threads: what differs is what Portero does around the view.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jwt
from flask import Flask, request

from portero.cli.serving import serve
from portero.web.front import Front


def make_app(jwk: dict[str, str], issuer: str, audience: str) -> Flask:
    app = Flask("floor")
    key = jwt.PyJWK.from_dict(jwk, algorithm="ES256").key

    @app.get("/protected")
    def protected() -> dict[str, Any]:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, audience=audience)
        return {
            "message": f"Hello, {claims['username']}!",
            "user_id": claims["user_id"],
            "username": claims["username"],
            "scope": claims["scope"],
        }

    @app.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _main(port: int, threads: int, jwk: str, issuer: str, audience: str) -> None:
    app = make_app(json.loads(jwk), issuer, audience)
    hosts = (f"127.0.0.1:{port}",)
    serve(lambda: Front([], app, allowed_hosts=hosts, threads=threads), host="127.0.0.1", port=port)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6])
