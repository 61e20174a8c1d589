"""Asking Have I Been Pwned (or a copy of it) whether a password is known from a breach.

By k-anonymity: the first five hex digits of the SHA-1 leave, about a thousand suffixes come back,
padded so that even their number says nothing. When the service does not answer, the password is
taken for unknown (registration must not hang on somebody else's server) and the failure counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from portero.outside.http_fetch import FetchFailed, FetchForbidden, HttpFetch

_PREFIX_DIGITS: Final = 5
_TIMEOUT_SECONDS: Final = 2.0
# A padded answer has 800 to 1000 lines of about 40 bytes; ten times that is no answer.
_MAX_BYTES: Final = 512 * 1024


class BreachRange:
    """`url` is the range service without the prefix, as `https://api.pwnedpasswords.com/range`.
    `on_failure` is called each time that it could not be asked."""

    def __init__(self, fetch: HttpFetch, url: str, *, on_failure: Callable[[], None]) -> None:
        self._fetch = fetch
        self._url = url.rstrip("/")
        self._on_failure = on_failure

    def contains(self, password: str) -> bool:
        """Whether the password is in a known breach; False when that can't be found out."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        prefix, suffix = digest[:_PREFIX_DIGITS], digest[_PREFIX_DIGITS:]
        try:
            answer = self._fetch.get(
                f"{self._url}/{prefix}",
                headers={"Add-Padding": "true"},
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MAX_BYTES,
            )
        except (FetchFailed, FetchForbidden):
            self._on_failure()
            return False
        if answer.status != 200:
            self._on_failure()
            return False
        return _listed(answer.body.decode("ascii", "replace"), suffix)


def _listed(body: str, suffix: str) -> bool:
    for line in body.splitlines():
        found, _, count = line.strip().partition(":")
        if found.upper() == suffix:
            return count.strip() not in {"", "0"}  # padding lines have a count of 0
    return False
