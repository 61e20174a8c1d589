"""The published keys (RFC 7517 §5), at `/.well-known/jwks.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from portero.core.keys.ring import KeyRing
from portero.kit.ports import Clock
from portero.web.cached import CachedDocument
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, json_body
from portero.web.places import JWKS_PATH

# Verifiers may hold the set this long. It must stay well below the time that a key is published
# before it signs, or they would meet a token of a key that they have not heard of.
MAX_AGE_SECONDS: Final = 300


def jwks_endpoint(ring: KeyRing, clock: Clock) -> Endpoint:
    made: CachedDocument | None = None
    made_of: object = None

    def answer(request: Request) -> Response:
        nonlocal made, made_of
        keys = ring.published_jwks(clock.now())
        if made is None or keys is not made_of:  # they come and go by the clock too
            made, made_of = _document(keys), keys
        return made.answer(request)

    # The ring is loaded before the worker takes requests, and read from memory ever after.
    return Endpoint(JWKS_PATH, frozenset({"GET"}), answer, on_loop=True)


def _document(keys: Sequence[Mapping[str, str]]) -> CachedDocument:
    return CachedDocument.of(
        json_body({"keys": keys}),
        "application/jwk-set+json",
        ("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}"),
        ("Access-Control-Allow-Origin", "*"),
    )
