"""Token revocation (RFC 7009): the client throws away what was issued to it.

An unknown or expired token is answered like a revoked one (§2.2): it is not good any more, which
is all that was asked. Another client's token is left alone.
"""

from __future__ import annotations

from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import Client
from portero.core.provider import store
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.events import GrantRevoked, TokenRevoked
from portero.core.provider.model import ClientCall, Grant
from portero.core.provider.opaque import OpaqueTokens, is_opaque, is_refresh
from portero.core.provider.statuses import StatusList
from portero.core.provider.token_endpoint import acting
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import fingerprint
from portero.protocol.oauth.errors import InvalidClient
from portero_guard.errors import TokenRefused


class Revocation:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        feed: ChangeFeed,
        client_auth: ClientAuth,
        tokens: TokenCheck,
        statuses: StatusList,
        opaque: OpaqueTokens,
    ) -> None:
        self._opaque = opaque
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._client_auth = client_auth
        self._tokens = tokens
        self._statuses = statuses

    def revoke(self, call: ClientCall) -> None:
        """Raises `OAuthRefusal`. Here the end counts at once, in other processes within a second;
        an API that checks tokens by itself sees it in the status list."""
        client = self._client_auth.authenticate(call)
        token = call.form.require("token")
        # `token_type_hint` is not needed (§2.1): a token of ours shows of which kind it is.
        if is_refresh(token):
            self._revoke_refresh(call, client, token)
            return
        try:
            checked = self._tokens.check_any_audience(token)
        except TokenRefused:
            return
        if checked.client_id != client.client_id:
            # RFC 7009 §2.1: refused, and the token is untouched.
            raise InvalidClient("the token was issued to another client")
        jti, now = str(checked.claims["jti"]), self._clock.now()

        def unit(tx: Tx) -> None:
            self._feed.note(tx, ChangeKind.TOKEN_REVOKED, jti)
            if is_opaque(token):
                self._opaque.forget_in(tx, token)
            self._statuses.revoke_in(tx, checked.claims, expires_at=checked.expires_at)
            self._audit.record(tx, acting(call.actor, client), now, TokenRevoked(jti=jti))

        self._db.write(unit)
        self._feed.apply_now(ChangeKind.TOKEN_REVOKED, jti, now)

    def _revoke_refresh(self, call: ClientCall, client: Client, token: str) -> None:
        """The grant ends, with every token on it (§2.1)."""
        now, token_hash = self._clock.now(), fingerprint(token)

        def unit(tx: Tx) -> Grant | None:
            grant = store.find_grant_of_refresh(tx, token_hash)
            if grant is None or grant.client_id != client.client_id:
                return grant
            if store.revoke_grant(tx, grant.id, now=now):
                self._feed.note(tx, ChangeKind.GRANT_REVOKED, grant.id)
                revoked = GrantRevoked(
                    account_id=grant.account_id, client_id=client.client_id, grant_id=grant.id
                )
                self._audit.record(tx, acting(call.actor, client), now, revoked)
            return grant

        grant = self._db.write(unit)
        if grant is None:
            return
        if grant.client_id != client.client_id:
            raise InvalidClient("the token was issued to another client")
        self._feed.apply_now(ChangeKind.GRANT_REVOKED, grant.id, now)
