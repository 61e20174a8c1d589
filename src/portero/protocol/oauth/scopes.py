"""Scope strings (RFC 6749 §3.3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from portero.protocol.oauth.errors import InvalidScope

OPENID: Final = "openid"
OFFLINE_ACCESS: Final = "offline_access"

_TOKEN: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


def read_scope(text: str | None) -> tuple[str, ...]:
    """The scope tokens in their order, each once; raises `InvalidScope` for other characters."""
    if not text:
        return ()
    tokens = text.split(" ")
    if any(_TOKEN.fullmatch(token) is None for token in tokens if token):
        raise InvalidScope("characters that no scope has")
    return tuple(dict.fromkeys(token for token in tokens if token))


def known_scopes(asked: Collection[str], *, allowed: Collection[str]) -> tuple[str, ...]:
    """Those that this client may have. Unknown ones are left out (OpenID Connect Core §3.1.2.1),
    and the answer tells what was granted; asking for nothing that is known is an error."""
    granted = tuple(scope for scope in asked if scope in allowed)
    if asked and not granted:
        raise InvalidScope("none of the scopes is this client's")
    return granted


def narrowed(asked: Collection[str], *, within: Collection[str]) -> tuple[str, ...]:
    """A part of what was granted, or `InvalidScope`: nothing is ever added (RFC 6749 §6)."""
    if not set(asked) <= set(within):
        raise InvalidScope("more than was granted")
    return tuple(asked)
