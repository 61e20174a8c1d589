"""Bare ASGI handlers under the server that carries Portero: the least that an answer costs there.

`python -m benchmarks.floors.asgi_handler PORT JSON`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from portero.cli.serving import serve

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_JSON_TYPE: Final = (b"content-type", b"application/json")
# What an introspection says of a token.
_TOLD: Final = {
    "active": True,
    "token_type": "Bearer",
    "iss": "http://127.0.0.1:8000",
    "sub": "01990000-0000-7000-8000-000000000000",
    "aud": "http://127.0.0.1:8000/oauth/userinfo",
    "exp": 1_800_000_600,
    "iat": 1_800_000_000,
    "jti": "pLz4Zl0Ck3cQ5rTq2x9vJw",
    "client_id": "01990000-0000-7000-8000-000000000001",
    "scope": "openid profile email",
    "auth_time": 1_800_000_000,
    "acr": "aal1",
    "amr": ["pwd"],
    "sid": "01990000-0000-7000-8000-000000000002",
}


class Handlers:
    """`/token`, `/json`, and by path the `documents`, which are sent as they are."""

    def __init__(self, *, client_id: str, secret: str, documents: dict[str, str]) -> None:
        self._client_id = client_id
        self._secret_hash = hashlib.sha256(secret.encode()).hexdigest()
        self._documents = {path: text.encode() for path, text in documents.items()}
        self._key = generate_private_key(SECP256R1())

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["path"] == "/token":
            body = await read_body(receive)
            await answer(send, 200, _json(self._token(body)))
        elif scope["path"] in self._documents:
            asked = dict(scope["headers"])
            fresh = asked.get(b"if-none-match") == b'"floor"'
            await answer(send, 304 if fresh else 200, self._documents[scope["path"]])
        else:
            if scope["method"] == "POST":
                await read_body(receive)
            await answer(send, 200, _json(_TOLD))

    def _token(self, body: bytes) -> dict[str, Any]:
        """Form parsed, secret checked by SHA-256, one ES256 JWT."""
        form = dict(parse_qsl(body.decode()))
        given = hashlib.sha256(form["client_secret"].encode()).hexdigest()
        if form["client_id"] != self._client_id or not hmac.compare_digest(
            given, self._secret_hash
        ):
            raise PermissionError(form["client_id"])
        now = int(time.time())
        claims = {
            "iss": "http://127.0.0.1", "sub": self._client_id, "aud": "http://127.0.0.1/api",
            "exp": now + 600, "iat": now, "jti": secrets.token_urlsafe(16),
            "client_id": self._client_id, "scope": "",
        }  # fmt: skip
        token = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "1"})
        return {"access_token": token, "token_type": "Bearer", "expires_in": 600}


def _json(told: Mapping[str, object]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode()


async def live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send: Send, status: int, body: bytes) -> None:
    if status == 304:
        headers, body = [(b"etag", b'"floor"')], b""
    else:
        headers = [_JSON_TYPE, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    handlers = Handlers(**json.loads(sys.argv[2]))
    serve(lambda: handlers, host="127.0.0.1", port=int(sys.argv[1]))
