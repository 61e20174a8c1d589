"""Revoked tokens: the issuer's status lists, fetched now and then, asked at every request.

- A list is fetched when the first token names it, and again after its `ttl`, by one thread while
  the others go on with the old one. No thread of our own: an API that is idle asks nobody.
- When it can't be fetched, the list that is there serves until its own `exp`, or until it is
  `max_age_seconds` old. After that nobody knows which tokens are revoked, and all are refused with
  503; an API that would rather serve thieves than nobody can say so (`unavailable="accept"`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from portero_guard.checks import CheckedToken
from portero_guard.errors import ConfigurationError, IssuerUnreachable, Refused
from portero_guard.fetch import Fetch, FetchFailed
from portero_guard.keys import FetchNeeded, IssuerKeys
from portero_guard.status_list import CheckedList, check_status_list, status_reference

Unavailable = Literal["refuse", "accept"]

# seconds between two tries at an issuer that does not answer, or answers nonsense
_PAUSE_SECONDS: Final = 5.0

# seconds; whatever a list says, it is not fetched for each request
_SHORTEST_TTL: Final = 1.0

# Portero has one. An issuer with more than this would fill our memory: 8 MB each at most.
_LISTS_CAP: Final = 8

_log: Final = logging.getLogger("portero_guard")


@dataclass(frozen=True, slots=True)
class _Held:
    checked: CheckedList
    fetched_at: float  # monotonic


class StatusLists:
    """The lists of one issuer. Thread-safe."""

    def __init__(
        self,
        issuer: str,
        *,
        keys: IssuerKeys,
        fetch: Fetch,
        monotonic: Callable[[], float],
        leeway_seconds: int = 0,
        max_age_seconds: float | None = None,
        unavailable: Unavailable = "refuse",
    ) -> None:
        if max_age_seconds is not None and max_age_seconds <= 0:
            raise ConfigurationError("status_max_age_seconds must be more than 0.")
        if unavailable not in ("refuse", "accept"):
            raise ConfigurationError('status_unavailable is "refuse" or "accept".')
        self._issuer = issuer
        self._keys = keys
        self._fetch = fetch
        self._monotonic = monotonic
        self._leeway = leeway_seconds
        self._max_age = max_age_seconds
        self._open = unavailable == "accept"
        self._lock = threading.Lock()
        self._lists: dict[str, _List] = {}

    def is_valid(self, checked: CheckedToken, now: datetime, *, may_fetch: bool = True) -> bool:
        """Whether the token still counts; True for one that names no list. Raises
        `IssuerUnreachable` when that can't be known, `TokenRefused` for a malformed claim, and
        `FetchNeeded`."""
        reference = status_reference(checked.claims, issuer=self._issuer)
        if reference is None:
            return True
        listed = self._list(reference.uri)
        try:
            current = listed.current(now.timestamp(), may_fetch=may_fetch)
        except IssuerUnreachable:
            if self._open:
                return True
            raise
        if reference.index >= len(current):
            # Fail closed (§8.3): the issuer's lists have room for tokens that are newer than they.
            return False
        return current.is_valid(reference.index)

    def _list(self, uri: str) -> _List:
        found = self._lists.get(uri)
        if found is None:
            with self._lock:
                found = self._lists.setdefault(uri, self._new(uri))
                while len(self._lists) > _LISTS_CAP:
                    del self._lists[next(iter(self._lists))]
        return found

    def _new(self, uri: str) -> _List:
        def fetched(now: float) -> CheckedList:
            return check_status_list(
                self._fetch.get(uri),
                key_for=self._keys.find,
                expected_issuer=self._issuer,
                expected_uri=uri,
                now=now,
                leeway_seconds=self._leeway,
            )

        return _List(uri, fetched, self._monotonic, self._leeway, self._max_age)


class _List:
    """One list: what is held of it, and when it is due."""

    def __init__(
        self,
        uri: str,
        fetched: Callable[[float], CheckedList],
        monotonic: Callable[[], float],
        leeway_seconds: float,
        max_age_seconds: float | None,
    ) -> None:
        self._uri = uri
        self._fetched = fetched
        self._monotonic = monotonic
        self._leeway = leeway_seconds
        self._max_age = float("inf") if max_age_seconds is None else max_age_seconds
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._tried_at: float | None = None

    def current(self, now: float, *, may_fetch: bool) -> CheckedList:
        """The list that may be used now, renewed first when that is due."""
        held = self._held
        usable = held is not None and self._is_usable(held, now)
        if held is not None and usable and self._is_fresh(held):
            return held.checked
        if self._may_try() and not (usable and self._lock.locked()):
            if not may_fetch:
                raise FetchNeeded
            self._renew(held, now)
            held = self._held
        if held is None or not self._is_usable(held, now):
            raise IssuerUnreachable(f"no current status list {self._uri}")
        return held.checked

    def _is_fresh(self, held: _Held) -> bool:
        age = self._monotonic() - held.fetched_at
        return age < max(held.checked.ttl_seconds, _SHORTEST_TTL)

    def _is_usable(self, held: _Held, now: float) -> bool:
        age = self._monotonic() - held.fetched_at
        return now < held.checked.expires_at + self._leeway and age < self._max_age

    def _may_try(self) -> bool:
        tried_at = self._tried_at
        return tried_at is None or self._monotonic() - tried_at >= _PAUSE_SECONDS

    def _renew(self, seen: _Held | None, now: float) -> None:
        """Fetch it, one thread at a time; who waited for another's fetch does not repeat it. A
        failure, or an older list than we have, leaves what is there."""
        with self._lock:
            if self._held is not seen or not self._may_try():
                return
            try:
                got = self._fetched(now)
                if seen is not None and got.issued_at < seen.checked.issued_at:
                    raise FetchFailed("it is older than the one before")
                self._held = _Held(got, self._monotonic())
                self._tried_at = None
            except (FetchFailed, Refused) as error:
                self._tried_at = self._monotonic()
                _log.warning("the status list %s can't be used: %s", self._uri, error)
