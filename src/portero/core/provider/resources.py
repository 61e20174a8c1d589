"""Which resources (RFC 8707) a token may be for.

Without `resource` a token is for the client's registered default, and without that for the UserInfo
endpoint: a token that names no API opens none.
"""

from __future__ import annotations

from collections.abc import Collection

from portero.core.clients import Client
from portero.protocol.oauth.errors import InvalidTarget


class Resources:
    def __init__(self, *, known: Collection[str], fallback: str) -> None:
        """`known` are those of the operator; `fallback` is the UserInfo endpoint's URL."""
        self._known = frozenset(known)
        self.fallback = fallback

    def open_to(self, client: Client) -> frozenset[str]:
        """What this client may name."""
        default = client.metadata.default_resource
        return self._known | {self.fallback} | ({default} if default else set())

    def audience_of(self, client: Client, asked: tuple[str, ...]) -> str:
        """The audience of a token for the client itself; raises `InvalidTarget`."""
        if not asked:
            return self._usual_for(client)
        return self.picked(client, granted=tuple(self.open_to(client)), asked=asked)

    def first_of(self, client: Client, *, granted: tuple[str, ...], asked: tuple[str, ...]) -> str:
        """What the first tokens of a grant are for; raises `InvalidTarget`."""
        if granted and not asked:
            return granted[0]
        return self.picked(client, granted=granted, asked=asked)

    def picked(self, client: Client, *, granted: tuple[str, ...], asked: tuple[str, ...]) -> str:
        """One of the granted resources; raises `InvalidTarget`.

        One resource a token: a token that is good at two places can be replayed by one at the
        other. The UserInfo endpoint needs no grant of its own, since it asks for `openid`.
        """
        if not asked:
            return self._usual_for(client)
        if len(set(asked)) > 1:
            raise InvalidTarget("more than one resource")
        usable = {*granted, self.fallback}
        if not granted:
            usable.add(client.metadata.default_resource)
        if asked[0] not in usable or asked[0] not in self.open_to(client):
            raise InvalidTarget("unknown, or not granted")
        return asked[0]

    def _usual_for(self, client: Client) -> str:
        return client.metadata.default_resource or self.fallback
