"""The published keys (RFC 7517 §5), at `/.well-known/jwks.json`."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Final

from portero.core.keys.ring import KeyRing
from portero.kit.ports import Clock
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response

JWKS_PATH: Final = "/.well-known/jwks.json"
# Verifiers may hold the set this long. It must stay well below the time that a key is published
# before it signs, or they would meet a token of a key that they have not heard of.
MAX_AGE_SECONDS: Final = 300


def jwks_endpoint(ring: KeyRing, clock: Clock) -> Endpoint:
    def answer(request: Request) -> Response:
        body = _body(ring, clock.now())
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = (
            ("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}"),
            ("ETag", etag),
            ("Access-Control-Allow-Origin", "*"),
        )
        if request.header("if-none-match") == etag:
            return Response(304, b"", headers)
        return Response(200, body, (("Content-Type", "application/jwk-set+json"), *headers))

    # The ring is loaded before the worker takes requests, and read from memory ever after.
    return Endpoint(JWKS_PATH, frozenset({"GET"}), answer, on_loop=True)


def _body(ring: KeyRing, now: datetime) -> bytes:
    return json.dumps({"keys": ring.published_jwks(now)}, separators=(",", ":")).encode()
