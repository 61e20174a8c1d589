"""A token for the client itself (RFC 6749 §4.4): no person, no session, no refresh token.

Costs no SQL: client, keys and limits of this path are in memory, and the audit entry is buffered
for at most 100 ms (what a kill -9 can lose is these entries, never a token's validity).
"""

from __future__ import annotations

from portero.core.audit import AuditBuffer
from portero.core.provider.events import TokensIssued
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import IssuedToken, TokenRequest
from portero.core.provider.resources import Resources
from portero.kit.ports import Clock
from portero.protocol.oauth.errors import UnauthorizedClient
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import known_scopes, read_scope


class ClientCredentialsGrant:
    def __init__(
        self, *, clock: Clock, buffer: AuditBuffer, issuing: Issuing, resources: Resources
    ) -> None:
        self._clock = clock
        self._buffer = buffer
        self._issuing = issuing
        self._resources = resources

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """A token with the asked scopes, or all of the client's when none are asked for."""
        client, form = asked.client, asked.form
        if client.metadata.is_public:
            raise UnauthorizedClient("a public client can't prove that it is itself")
        registered = read_scope(client.metadata.scope)
        wanted = read_scope(form.get("scope")) or registered
        scope = " ".join(known_scopes(wanted, allowed=registered))
        audience = self._resources.audience_of(client, form.each("resource"))
        now = self._clock.now()
        token = self._issuing.client_token(
            client, scope=scope, audience=audience, binding=asked.binding, now=now
        )
        issued = TokensIssued(
            client_id=client.client_id,
            grant_type=GrantType.CLIENT_CREDENTIALS,
            grant_id="",
            scope=scope,
        )
        self._buffer.add(asked.actor, now, issued)
        return token
