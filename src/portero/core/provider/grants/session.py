"""Tokens of the first-party client for a session that sign-in has just made.

This is not the password grant: no client_id, no password comes here, and every gate of sign-in
was passed before there was a session to redeem. A crash before the commit leaves only a session.
"""

from __future__ import annotations

from dataclasses import dataclass

from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.provider import store
from portero.core.provider.events import TokensIssued
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import Basis, Grant, TokenSet
from portero.core.sessions import Session, SessionEnded
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret


@dataclass(frozen=True, slots=True)
class FirstParty:
    """What tokens of client `portero` may be used for."""

    scope: str
    audience: str


class SessionGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        issuing: Issuing,
        first_party: FirstParty,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._issuing = issuing
        self._first_party = first_party

    def redeem(self, actor: Actor, session: Session, account: Account) -> TokenSet:
        """Tokens for a live session and its account; raises `SessionEnded`."""
        now = self._clock.now()
        grant = Grant(
            id=self._dice.new_id(),
            account_id=account.id,
            client_id=FIRST_PARTY_CLIENT_ID,
            session_id=session.id,
            scope=self._first_party.scope,
            audience=self._first_party.audience,
            offline=False,
            created_at=now,
            expires_at=session.expires_at,
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
        )
        issued = TokensIssued(
            account_id=account.id,
            session_id=session.id,
            client_id=FIRST_PARTY_CLIENT_ID,
            grant_type="session",
            grant_id=grant.id,
            scope=grant.scope,
        )

        status = self._issuing.status_index(grant.client_id, now)

        def unit(tx: Tx) -> Secret | None:
            if store.add_grant_on_session(tx, grant, now=now) is None:
                return None
            refresh = self._issuing.first_refresh_in(tx, grant, now=now)
            self._issuing.keep_status_in(tx, status, grant, now=now)
            self._audit.record(tx, actor, now, issued)
            return refresh

        refresh = self._db.write(unit)
        if refresh is None:
            raise SessionEnded("it ended before it was redeemed")
        return self._issuing.token_set(
            Basis(grant, account, session), now=now, refresh_token=refresh, status=status
        )
