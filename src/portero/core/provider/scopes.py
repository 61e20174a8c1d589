"""Scopes: which a client may ask for, and what a person is told that they mean.

Those of OpenID Connect are built in. An operator declares more, with their sentences; a scope that
nobody declared can still be registered for a client, and is then shown by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from portero.core.clients import Client
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scope_meanings import STANDARD, Scope
from portero.protocol.oauth.scopes import OFFLINE_ACCESS, OPENID, read_scope
from portero.protocol.oidc.claims import SCOPE_CLAIMS


@dataclass(frozen=True, slots=True)
class Given:
    """The claims of a claims parameter that a client may have, by place, and the scopes (beside
    those that it asked for) that give them."""

    claims: Mapping[str, Any]
    scope: tuple[str, ...]


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

    def giving(self, client: Client, claims: Mapping[str, Any], scope: Collection[str]) -> Given:
        """What of a claims parameter (OpenID Connect Core §5.5) this client gets, and the scopes
        beyond `scope` that give it.

        Naming claims is another way to ask for what scopes give, and no way around them: a claim
        that no scope open to the client gives is left out, and people are asked about the others.
        """
        usable = self.open_to(client)
        sources: dict[str, str] = {}
        for name in sorted(usable, key=lambda each: (each not in scope, each)):
            for claim in (*SCOPE_CLAIMS.get(name, ()), *self.of(name).claims):
                sources.setdefault(claim, name)
        kept = {
            place: {claim: how for claim, how in asked.items() if claim in sources}
            for place, asked in claims.items()
        }
        given_by = {sources[claim] for asked in kept.values() for claim in asked}
        claims_left = {place: asked for place, asked in kept.items() if asked}
        return Given(claims_left, tuple(sorted(given_by - set(scope))))

    def default_of(self, client: Client) -> tuple[str, ...]:
        """What a request without `scope` is for (RFC 6749 §3.3): what the client registered, but
        for what has to be asked for by name."""
        registered = read_scope(client.metadata.scope)
        return tuple(scope for scope in registered if scope not in {OPENID, OFFLINE_ACCESS})

    def of(self, name: str) -> Scope:
        """The scope; for one that nobody declared, its name is all that there is to tell."""
        return self._known.get(name) or Scope(name, name)
