"""Rotation of refresh tokens (RFC 6749 §6, RFC 9700 §4.14).

1. Spend the token: one statement, with three answers.
2. Fresh: its grant, session and account must live; the successor is made from it.
3. Spent, within the grace and before its successor was used: the same successor is told again,
   because an answer can be lost and two tabs can ask at once.
4. Spent otherwise: somebody has a copy. The grant ends, with every token on it.
5. Unknown, another client's, expired, or resting on something that ended: one and the same no.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.provider import store
from portero.core.provider.errors import InvalidGrant
from portero.core.provider.events import RefreshReplayed, TokensIssued
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import Basis, Grant, RefreshState, SpentRefresh, TokenSet
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import Secret, fingerprint


class RefreshTokenGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        feed: ChangeFeed,
        issuing: Issuing,
        sessions: Sessions,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._issuing = issuing
        self._sessions = sessions

    def redeem(self, actor: Actor, refresh_token: str, *, client_id: str) -> TokenSet:
        """A new access token and the successor; raises `InvalidGrant`."""
        now = self._clock.now()
        outcome = self._db.write(
            lambda tx: self._redeem_in(tx, actor, refresh_token, client_id, now)
        )
        if isinstance(outcome, Grant):
            self._feed.apply_now(ChangeKind.GRANT_REVOKED, outcome.id, now)
            if _owns_its_session(outcome):
                self._sessions.announce([outcome.session_id], now)
            raise InvalidGrant("a spent refresh token came back; its grant was revoked")
        if outcome is None:
            raise InvalidGrant("unknown, expired, or resting on something that ended")
        basis, successor = outcome
        return self._issuing.token_set(basis, now=now, refresh_token=successor)

    def _redeem_in(
        self, tx: Tx, actor: Actor, token: str, client_id: str, now: datetime
    ) -> tuple[Basis, Secret] | Grant | None:
        """The basis and the successor; a grant that had to be revoked; or None."""
        spent = store.spend_refresh(tx, fingerprint(token), client_id, now=now)
        if spent.state is RefreshState.UNKNOWN:
            return None
        basis = store.find_live_basis(tx, spent.grant_id, now=now)
        if basis is None:
            return None
        if spent.state is RefreshState.FRESH:
            successor = self._issuing.next_refresh_in(tx, token, basis.grant, now=now)
        else:
            told = self._told_again(tx, spent, token, now)
            if told is None:
                return self._revoke_in(tx, actor, basis, now)
            successor = told
        self._sessions.touch_in(tx, basis.session, now=now)
        self._audit.record(tx, actor, now, _issued(basis))
        return basis, successor

    def _told_again(self, tx: Tx, spent: SpentRefresh, token: str, now: datetime) -> Secret | None:
        grace = timedelta(seconds=self._issuing.lifetimes.refresh_grace_seconds)
        if not grace or spent.spent_at is None or now > spent.spent_at + grace:
            return None
        return self._issuing.told_refresh_in(tx, token, spent.grant_id, now=now)

    def _revoke_in(self, tx: Tx, actor: Actor, basis: Basis, now: datetime) -> Grant:
        grant = basis.grant
        if store.revoke_grant(tx, grant.id, now=now):
            self._feed.note(tx, ChangeKind.GRANT_REVOKED, grant.id)
            replayed = RefreshReplayed(
                account_id=grant.account_id,
                session_id=grant.session_id,
                client_id=grant.client_id,
                grant_id=grant.id,
            )
            self._audit.record(tx, actor, now, replayed)
        if _owns_its_session(grant):
            self._sessions.end_in(
                tx,
                actor,
                grant.account_id,
                now=now,
                reason=EndReason.REPLAYED,
                only=(grant.session_id,),
            )
        return grant


def _owns_its_session(grant: Grant) -> bool:
    """A first-party session exists for its grant alone, so it ends with it, and with it the
    access tokens that the thief may hold. Another client's replay must not end the person's."""
    return grant.client_id == FIRST_PARTY_CLIENT_ID


def _issued(basis: Basis) -> TokensIssued:
    return TokensIssued(
        account_id=basis.account.id,
        session_id=basis.session.id,
        client_id=basis.grant.client_id,
        grant_type="refresh_token",
        grant_id=basis.grant.id,
        scope=basis.grant.scope,
    )
