"""A secret of ours in a browser, which goes back to us and to nobody else.

Read and written as text, so that pages and protocol endpoints share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from portero.kit.secrets import Secret, same_secret
from portero.web.exchange import Headers

_MAX_LENGTH: Final = 512  # characters; our longest has about 100


class OwnCookie:
    """Without `max_age_seconds` it lives as long as the browser is open.

    With https it has the `__Host-` prefix: no other host, subdomain or plain-http page can plant
    one (RFC 6265bis §4.1.3.2). That prefix demands Path=/, so an issuer with a path has two cookies
    instead. The secret itself is `__Secure-` and goes to that path alone: whatever else is on the
    host never sees it. A subdomain could plant such a one, to have somebody act in a stranger's
    account; so it counts only together with its witness, a `__Host-` cookie with a hash of it,
    which tells whoever else is on the host nothing.

    On a loopback http issuer browsers refuse the prefixes.
    """

    def __init__(self, name: str, *, issuer: str, max_age_seconds: int | None = None) -> None:
        parts = urlsplit(issuer)
        secure = parts.scheme == "https"
        prefix = "" if not secure else "__Secure-" if parts.path else "__Host-"
        self.name = prefix + name
        # By path, or two issuers on one host would undo each other's.
        suffix = parts.path.replace("/", "+")
        self.witness = f"__Host-{name}{suffix}" if secure and suffix else ""
        self._path = parts.path or "/"
        self._rest = f"; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
        self._max_age_seconds = max_age_seconds

    def read(self, header: str | None) -> str:
        """The value in a Cookie header; '' for none, or for one that can't be ours."""
        for value in _values(header, self.name):
            if self.witness and not self._is_witnessed(header, value):
                continue
            # The first one counts. A second can only be one that somebody planted.
            return value if len(value) <= _MAX_LENGTH and value.isascii() else ""
        return ""

    def put(self, value: Secret, *, lasts: bool = True) -> Headers:
        """The headers that set it; unless it `lasts`, until the browser is closed."""
        age = self._max_age_seconds if lasts else None
        return self._set(value.reveal(), _witness_of(value.reveal()), age)

    def clear(self) -> Headers:
        """The headers that have the browser forget it."""
        return self._set("", "", 0)

    def _is_witnessed(self, header: str | None, value: str) -> bool:
        expected = _witness_of(value)
        return any(same_secret(each, expected) for each in _values(header, self.witness))

    def _set(self, value: str, witness: str, seconds: int | None) -> Headers:
        age = "" if seconds is None else f"; Max-Age={seconds}"
        named = f"{self.name}={value}{age}; Path={self._path}{self._rest}"
        if not self.witness:
            return (("Set-Cookie", named),)
        beside = f"{self.witness}={witness}{age}; Path=/{self._rest}"
        return (("Set-Cookie", named), ("Set-Cookie", beside))


def _values(header: str | None, name: str) -> Iterator[str]:
    for pair in (header or "").split(";"):
        given, _, value = pair.strip().partition("=")
        if given == name:
            yield value


def _witness_of(value: str) -> str:
    """Of 256 random bits nobody gets back to them; and no hash that is stored looks like this."""
    return hashlib.sha256(b"portero cookie witness:" + value.encode()).hexdigest()
