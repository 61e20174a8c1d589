"""Scopes: which a client may ask for, and what a person is told that they mean.

Those of OpenID Connect are built in. An operator declares more, with their sentences; a scope that
nobody declared can still be registered for a client, and is then shown by its name.
"""

from __future__ import annotations

from collections.abc import Mapping

from portero.core.clients import Client
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scope_meanings import STANDARD, Scope
from portero.protocol.oauth.scopes import OFFLINE_ACCESS, OPENID, read_scope


class Scopes:
    def __init__(self, declared: Mapping[str, Scope] | None = None) -> None:
        """`declared` are the operator's; one of the standard names replaces its sentence."""
        self._known = {**STANDARD, **(declared or {})}
        self._for_all = frozenset(name for name, scope in self._known.items() if scope.for_all)

    @property
    def names(self) -> tuple[str, ...]:
        """What discovery tells (RFC 8414 §2)."""
        return tuple(self._known)

    def open_to(self, client: Client) -> frozenset[str]:
        """What this client may ask for: what it registered, or else what every client may.

        `offline_access` is of no use to a client that can't refresh (OpenID Connect Core §11).
        """
        registered = read_scope(client.metadata.scope)
        scopes = frozenset(registered) if registered else self._for_all
        if GrantType.REFRESH_TOKEN not in client.metadata.grant_types:
            scopes -= {OFFLINE_ACCESS}
        return scopes

    def default_of(self, client: Client) -> tuple[str, ...]:
        """What a request without `scope` is for (RFC 6749 §3.3): what the client registered, but
        for what has to be asked for by name."""
        registered = read_scope(client.metadata.scope)
        return tuple(scope for scope in registered if scope not in {OPENID, OFFLINE_ACCESS})

    def of(self, name: str) -> Scope:
        """The scope; for one that nobody declared, its name is all that there is to tell."""
        return self._known.get(name) or Scope(name, name)
