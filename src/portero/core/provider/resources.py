"""Which resources (RFC 8707) a token may be for.

Without `resource` a token is for the client's registered default, and without that for the UserInfo
endpoint: a token that names no API opens none.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from portero.core.clients import Client
from portero.protocol.oauth.errors import InvalidTarget


class Resources:
    def __init__(self, *, known: Collection[str], fallback: str) -> None:
        """`known` are those of the operator; `fallback` is the UserInfo endpoint's URL."""
        self._known = frozenset(known)
        self._fallback = fallback

    def audience_of(self, client: Client, asked: tuple[str, ...]) -> str:
        """The audience of a token; raises `InvalidTarget`. One resource a token: a token that is
        good at two places can be replayed by one at the other."""
        default = client.metadata.default_resource
        if not asked:
            return default or self._fallback
        if len(set(asked)) > 1:
            raise InvalidTarget("more than one resource")
        resource = asked[0]
        if not urlsplit(resource).scheme or "#" in resource:
            raise InvalidTarget("not an absolute URI without fragment")
        if resource != default and resource not in self._known:
            raise InvalidTarget("unknown")
        return resource
