"""Rotation of refresh tokens (RFC 6749 §6, RFC 9700 §4.14).

1. Spend the token: one statement, with three answers. Its grant, session and account must live,
   and the same statement tells of them.
2. Fresh: the successor is made from it.
3. Spent, within the grace and before its successor was used: the same successor is told again,
   because an answer can be lost and two tabs can ask at once.
4. Spent otherwise: somebody has a copy. The grant ends, with every token on it.
5. Unknown, another client's, expired, or resting on something that ended: one and the same no.

What the request asks beyond that (less scope, another resource, a proof of the key) is checked in
between. A refusal there rolls everything back: a mistake does not cost the token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.provider import store
from portero.core.provider.errors import RefreshRefused
from portero.core.provider.events import RefreshReplayed, TokensIssued
from portero.core.provider.held import held_basis
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import Basis, Grant, RefreshState, SpentRefresh, TokenSet
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import Secret, fingerprint

# Looks at what the token rests on, inside the transaction, and refuses by raising.
Check = Callable[[Tx, Basis], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """A refresh token that was good: what it rests on, its successor (None: it stays), and the
    place of the new access token in the status list."""

    basis: Basis
    successor: Secret | None
    status: int


class RefreshRotation:
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

    def redeem(self, actor: Actor, refresh_token: str) -> TokenSet:
        """For the first-party client: new tokens; raises `RefreshRefused`."""
        now = self._clock.now()
        rotated = self.rotate(actor, refresh_token, client_id=FIRST_PARTY_CLIENT_ID, now=now)
        return self._issuing.token_set(
            rotated.basis, now=now, refresh_token=rotated.successor, status=rotated.status
        )

    def rotate(
        self,
        actor: Actor,
        refresh_token: str,
        *,
        client_id: str,
        now: datetime,
        check: Check | None = None,
        keep: bool = False,
    ) -> Rotated:
        """Raises `RefreshRefused` and whatever `check` raises. `keep` leaves the token as it is:
        for clients that prove themselves and their key each time (FAPI 2.0 §5.3.2.1)."""
        token_hash = fingerprint(refresh_token)

        def unit(tx: Tx, status: int) -> Rotated | Grant | None:
            if keep:
                spent = _unspent(store.find_refresh(tx, token_hash, client_id, now=now))
            else:
                spent = store.spend_refresh(tx, token_hash, client_id, now=now)
            return self._rotate_in(tx, actor, refresh_token, spent, now, check, status, keep=keep)

        with self._issuing.statuses.place(client_id, now) as status:
            outcome = self._db.write(lambda tx: unit(tx, status))
            if isinstance(outcome, Grant):
                self._feed.apply_now(ChangeKind.GRANT_REVOKED, outcome.id, now)
                if _owns_its_session(outcome):
                    self._sessions.announce([outcome.session_id], now)
                raise RefreshRefused("a spent refresh token came back; its grant was revoked")
            if outcome is None:
                raise RefreshRefused("unknown, expired, or resting on something that ended")
            return outcome

    def _rotate_in(
        self,
        tx: Tx,
        actor: Actor,
        token: str,
        spent: SpentRefresh,
        now: datetime,
        check: Check | None,
        status: int,
        *,
        keep: bool,
    ) -> Rotated | Grant | None:
        """The basis and the successor; a grant that had to be revoked; or None."""
        if spent.state is RefreshState.UNKNOWN:
            return None
        basis = spent.basis or store.find_live_basis(tx, spent.grant_id, now=now)
        basis = held_basis(tx, basis, now=now) if basis is not None else None
        if basis is None:
            return None
        successor = None
        if spent.state is RefreshState.SPENT:
            successor = self._told_again(tx, spent, token, now)
            if successor is None:
                return self._revoke_in(tx, actor, basis, now)
        if check is not None:
            check(tx, basis)
        if keep:
            self._issuing.refresh_tokens.prolong_in(tx, token, basis.grant, now=now)
        elif successor is None:
            successor = self._issuing.refresh_tokens.next_in(tx, token, basis.grant, now=now)
        if basis.session is not None:
            self._sessions.touch_in(tx, basis.session, now=now)
        self._issuing.keep_status_in(tx, status, basis.grant, now=now)
        self._audit.record(tx, actor, now, _issued(basis))
        return Rotated(basis, successor, status)

    def _told_again(self, tx: Tx, spent: SpentRefresh, token: str, now: datetime) -> Secret | None:
        grace = timedelta(seconds=self._issuing.lifetimes.refresh_grace_seconds)
        if not grace or spent.spent_at is None or now > spent.spent_at + grace:
            return None
        return self._issuing.refresh_tokens.told_again_in(tx, token, spent.grant_id, now=now)

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


def _unspent(found: tuple[str, datetime] | None) -> SpentRefresh:
    if found is None:
        return SpentRefresh(RefreshState.UNKNOWN)
    return SpentRefresh(RefreshState.FRESH, found[0])


def _owns_its_session(grant: Grant) -> bool:
    """A first-party session exists for its grant alone, so it ends with it, and with it the
    access tokens that the thief may hold. Another client's replay must not end the person's."""
    return grant.client_id == FIRST_PARTY_CLIENT_ID


def _issued(basis: Basis) -> TokensIssued:
    return TokensIssued(
        account_id=basis.account.id,
        session_id=basis.grant.session_id,
        client_id=basis.grant.client_id,
        grant_type="refresh_token",
        grant_id=basis.grant.id,
        scope=basis.grant.scope,
    )
