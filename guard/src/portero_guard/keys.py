"""The published keys of one issuer: found by its metadata, kept, and fetched anew when due.

- A key set is used for `fresh_seconds`, then fetched anew by one thread while the others go on.
- An unknown kid causes a fetch, but not more often than every `pause_seconds`: made-up kids are
  free for an attacker and must not become a flood at the issuer.
- When the issuer does not answer, the last set serves on for `stale_seconds` at most: afterwards a
  key that was withdrawn meanwhile would be trusted for too long, and every token is refused (503).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from portero_guard.errors import IssuerUnreachable
from portero_guard.fetch import Fetch, FetchFailed, NotThere, is_safe_url
from portero_guard.jwk import verification_keys
from portero_guard.jws import PublicKey

KeySet = Mapping[tuple[str, str], PublicKey]

# Any real set has fewer; more would be a mistake or an attack on our memory.
_KEYS_CAP: Final = 100

# RFC 8414 §3 puts its suffix before the issuer's path; OpenID Connect Discovery §4 behind it.
_METADATA: Final = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")

_USUAL_KEYS: Final = "/.well-known/jwks.json"

# bytes; a JWK set of 100 RSA keys has about 80 kB
_JSON_CAP: Final = 262_144


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """Seconds; see the module's text. A withdrawn key is refused after `fresh` at the latest."""

    fresh_seconds: float = 300
    pause_seconds: float = 10
    stale_seconds: float = 3600


class FetchNeeded(Exception):
    """Only with `may_fetch=False`: the answer needs the network. Ask again on a thread."""


class IssuerKeys:
    """Thread-safe. `monotonic` gives seconds that never go back."""

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Fetch,
        monotonic: Callable[[], float],
        jwks_uri: str | None = None,
        times: KeyTimes | None = None,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._monotonic = monotonic
        self._jwks_uri = jwks_uri
        self._times = times or KeyTimes()
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None

    def find(self, kid: str, alg: str, *, may_fetch: bool = True) -> PublicKey | None:
        """The published key of that name for that algorithm; None when there is none. Raises
        `IssuerUnreachable` when that can't be known."""
        keys = self._current(may_fetch)
        key = keys.get((kid, alg))
        if key is None and self._may_try():
            if not may_fetch:
                raise FetchNeeded
            self._renew(seen=self._fetched_at)
            keys = self._current(may_fetch)
            key = keys.get((kid, alg))
        return key

    def publishes(self, kid: str, *, may_fetch: bool = True) -> bool:
        """Whether a key of that name is published now, by what is known without an extra fetch."""
        return any(known == kid for known, _ in self._current(may_fetch))

    def _current(self, may_fetch: bool) -> KeySet:
        """The set that may be used now, renewed first when that is due."""
        keys, age = self._keys, self._monotonic() - self._fetched_at
        if keys is not None and age <= self._times.fresh_seconds:
            return keys
        usable = keys is not None and age <= self._times.stale_seconds
        if self._may_try() and not (usable and self._lock.locked()):
            if not may_fetch:
                raise FetchNeeded
            self._renew(seen=self._fetched_at)
            keys, age = self._keys, self._monotonic() - self._fetched_at
        if keys is None or age > self._times.stale_seconds:
            raise IssuerUnreachable(f"no keys of {self._issuer}")
        return keys

    def _may_try(self) -> bool:
        tried_at = self._tried_at
        return tried_at is None or self._monotonic() - tried_at >= self._times.pause_seconds

    def _renew(self, *, seen: float) -> None:
        """Fetch the set, one thread at a time; who waited for another's fetch does not repeat it.
        A failure leaves the old set."""
        with self._lock:
            if self._fetched_at != seen or not self._may_try():
                return
            try:
                self._keys = self._fetched()
                self._fetched_at = self._monotonic()
            except FetchFailed:
                pass  # what happens now depends on the age of what we have: see _current
            finally:
                self._tried_at = self._monotonic()

    def _fetched(self) -> KeySet:
        return keys_of(json_answer(self._fetch.get(self._jwks_uri or self._found_uri())))

    def _found_uri(self) -> str:
        """Where the metadata says; where Portero has its keys, for an issuer without metadata."""
        try:
            return metadata_url(self._fetch, self._issuer, "jwks_uri")
        except NotThere:
            return self._issuer.rstrip("/") + _USUAL_KEYS


def keys_of(jwks: Mapping[str, Any]) -> KeySet:
    """By (kid, alg) the keys that may check a signature. Others in the set are none of ours and
    no fault (RFC 7517 §5: what is not understood is ignored)."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        raise FetchFailed("the JWK set has no list of keys")
    found: dict[tuple[str, str], PublicKey] = {}
    for jwk in listed[:_KEYS_CAP]:
        for alg, key in _key_of(jwk) if isinstance(jwk, dict) else ():
            found.setdefault((jwk["kid"], alg), key)
    return found


def _key_of(jwk: Mapping[str, Any]) -> list[tuple[str, PublicKey]]:
    """The key with each algorithm that it is for; none without a name to find it by."""
    return verification_keys(jwk) if isinstance(jwk.get("kid"), str) else []


def metadata_url(fetch: Fetch, issuer: str, name: str) -> str:
    """One address from the issuer's metadata, which must be this issuer's own (RFC 8414 §3.3:
    else one issuer could hand out another's keys)."""
    metadata = _metadata(fetch, issuer)
    if metadata.get("issuer") != issuer:
        raise FetchFailed(f"the metadata of {issuer} speaks for another issuer")
    url = metadata.get(name)
    if not isinstance(url, str) or not is_safe_url(url):
        raise FetchFailed(f"the metadata of {issuer} has no usable {name}")
    return url


def _metadata(fetch: Fetch, issuer: str) -> Mapping[str, Any]:
    first, second = _METADATA
    base = issuer.rstrip("/")
    try:
        return json_answer(fetch.get(base + first))
    except NotThere:
        root = "/".join(base.split("/")[:3])
        return json_answer(fetch.get(root + second + base.removeprefix(root)))


def json_answer(body: bytes) -> Mapping[str, Any]:
    """The issuer's answer as a JSON object; else `FetchFailed`."""
    if len(body) > _JSON_CAP:
        raise FetchFailed(f"the issuer's answer has more than {_JSON_CAP} bytes")
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FetchFailed("the issuer's answer is not JSON") from error
    if not isinstance(value, dict):
        raise FetchFailed("the issuer's answer is not a JSON object")
    return value
