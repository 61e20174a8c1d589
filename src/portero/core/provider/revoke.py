"""Token revocation (RFC 7009): the client throws away what was issued to it.

An unknown or expired token is answered like a revoked one (§2.2): it is not good any more, which
is all that was asked. Another client's token is left alone.
"""

from __future__ import annotations

from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.events import TokenRevoked
from portero.core.provider.model import ClientCall
from portero.core.provider.statuses import StatusList
from portero.core.provider.token_endpoint import acting
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
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
    ) -> None:
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
            self._statuses.revoke_in(tx, checked.claims, expires_at=checked.expires_at)
            self._audit.record(tx, acting(call.actor, client), now, TokenRevoked(jti=jti))

        self._db.write(unit)
        self._feed.apply_now(ChangeKind.TOKEN_REVOKED, jti, now)
