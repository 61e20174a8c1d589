"""Key sets that clients publish at their `jwks_uri`: asked for seldom, and never twice at once.

Whoever can name a key that is in no set, or a URI that answers slowly, must not make Portero send
one request for each that it gets, nor hold all of its threads. So: one fetch at a time for each
URI; an unknown key asks again after half a minute at the earliest; a failure is remembered; and
few threads in all may wait for key sets.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from portero.core.clients.errors import ClientKeysUnavailable
from portero.core.clients.freshness import Freshness
from portero.core.clients.ports import DocumentFetch, FetchedDocument
from portero.kit import waiting
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal
from portero.protocol.oauth.client_keys import checked_jwks

log = logging.getLogger(__name__)

Jwks = Mapping[str, Any]

CAPACITY: Final = 1024  # URIs
MAX_BYTES: Final = 64 * 1024  # of a key set; 20 keys with their certificates
TIMEOUT_SECONDS: Final = 3.0
MAX_WAITING: Final = 8  # threads that ask, or wait for who asks; the others are told to come again
# Seconds. Within these bounds the answer's Cache-Control decides. A key that its owner withdrew
# is good for an hour more at most, or for `STALE_SECONDS` more while the URI does not answer.
FRESHNESS: Final = Freshness(least=60, usual=300, most=3600)
STALE_SECONDS: Final = 1800.0
UNKNOWN_KEY_SECONDS: Final = 30.0
FAILURE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What a URI said last. Moments are monotonic seconds; `asked_at` counts failures too."""

    jwks: Jwks | None = None
    asked_at: float = -math.inf
    fresh_until: float = -math.inf
    failed: bool = False

    def serves(self, kid: object, now: float) -> bool:
        """Whether it has an answer that may still be used, with that key in it."""
        usable = self.jwks is not None and now < self.fresh_until + STALE_SECONDS
        return usable and (kid is None or _has(self.jwks, kid))

    def is_due(self, kid: object, now: float, unknown_key_seconds: float) -> bool:
        """Whether the URI is to be asked again."""
        age = now - self.asked_at
        if now >= self.fresh_until:
            return not self.failed or age >= FAILURE_SECONDS
        return not self.serves(kid, now) and age >= unknown_key_seconds


class _Place:
    """One URI. `known` is replaced as a whole, by the thread that holds `asking`."""

    __slots__ = ("asking", "known")

    def __init__(self) -> None:
        self.asking = threading.Lock()
        self.known = _Known()


class RemoteKeys:
    def __init__(
        self,
        source: DocumentFetch,
        clock: Clock,
        *,
        capacity: int = CAPACITY,
        unknown_key_seconds: float = UNKNOWN_KEY_SECONDS,
    ) -> None:
        self._unknown_key_seconds = unknown_key_seconds
        self._source = source
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._room = threading.BoundedSemaphore(MAX_WAITING)

    def jwks_at(self, uri: str, *, kid: object = None) -> Jwks:
        """The checked key set of the URI. `kid` is the key that is looked for: when the kept set
        lacks it, the set may have changed. Raises `ClientKeysUnavailable`.

        It may fetch: never call it inside a transaction.
        """
        place = self._place(uri)
        known, now = place.known, self._clock.monotonic()
        if known.is_due(kid, now, self._unknown_key_seconds):
            known = self._ask(place, uri, kid, wait=not known.serves(kid, now))
        if not known.serves(None, self._clock.monotonic()) or known.jwks is None:
            raise ClientKeysUnavailable(uri, retry_after_seconds=math.ceil(FAILURE_SECONDS))
        return known.jwks

    def _place(self, uri: str) -> _Place:
        with self._lock:
            place = self._places.get(uri)
            if place is None:
                while len(self._places) >= self._capacity:
                    del self._places[next(iter(self._places))]
                place = self._places[uri] = _Place()
            return place

    def _ask(self, place: _Place, uri: str, kid: object, *, wait: bool) -> _Known:
        """Ask the URI, unless somebody just did. Who has keys that will do does not wait."""
        waiting.expected()
        if not self._room.acquire(blocking=False):
            return place.known
        try:
            if not place.asking.acquire(blocking=wait):
                return place.known
            try:
                if place.known.is_due(kid, self._clock.monotonic(), self._unknown_key_seconds):
                    place.known = self._fetched(uri, place.known)
                return place.known
            finally:
                place.asking.release()
        finally:
            self._room.release()

    def _fetched(self, uri: str, before: _Known) -> _Known:
        """What is known after one request. A failure leaves the keys that were there before."""
        try:
            answer = self._source.get(uri, timeout_seconds=TIMEOUT_SECONDS, max_bytes=MAX_BYTES)
            jwks = _read(answer)
        except (Refusal, ValueError, RecursionError) as error:
            log.warning("no keys from %s: %s", uri, error)
            return replace(before, asked_at=self._clock.monotonic(), failed=True)
        now = self._clock.monotonic()
        return _Known(jwks, now, now + FRESHNESS.of(answer.headers))


def _read(answer: FetchedDocument) -> Jwks:
    """The keys, held to the same rules as those that are registered by value; raises
    `ValueError`."""
    if answer.status != 200:
        raise ValueError(f"the answer is {answer.status}")
    return checked_jwks(json.loads(answer.body))


def _has(jwks: Jwks | None, kid: object) -> bool:
    return jwks is not None and any(key.get("kid") == kid for key in jwks["keys"])
