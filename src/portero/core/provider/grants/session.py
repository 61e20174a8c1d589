"""Tokens of the first-party client for a session that sign-in has just made.

This is not the password grant: no client_id, no password comes here, and every gate of sign-in
was passed before there was a session to redeem.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    """What tokens of client `portero` may be used for, and whether who gets them has to prove a
    second factor."""

    scope: str
    audience: str
    second_factor: bool = False


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
        self.first_party = first_party

    def redeem(self, actor: Actor, session: Session, account: Account) -> TokenSet:
        """Tokens for a live session and its account; raises `SessionEnded`."""
        redemption = self.begin(actor)
        with redemption.prepared():
            self._db.write(lambda tx: redemption.redeem_in(tx, session, account))
        return redemption.tokens()

    def begin(self, actor: Actor) -> SessionRedemption:
        """For a session that does not exist yet: `SignIn` redeems it where it makes it."""
        return SessionRedemption(
            actor=actor,
            clock=self._clock,
            dice=self._dice,
            audit=self._audit,
            issuing=self._issuing,
            first_party=self.first_party,
        )


@dataclass(slots=True)
class SessionRedemption:
    """One redemption in its three parts: before, within and after the transaction."""

    actor: Actor
    clock: Clock
    dice: Dice
    audit: AuditLog
    issuing: Issuing
    first_party: FirstParty
    _status: int = -1
    _redeemed: tuple[Basis, Secret | None] | None = None

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """With a place in the status list, which is given back when it never came to a token: a
        sign-in that owes a step must not use up places each time it is begun."""
        now, statuses = self.clock.now(), self.issuing.statuses
        self._status = statuses.next_index(FIRST_PARTY_CLIENT_ID, now)
        try:
            yield
        finally:
            if self._redeemed is None:
                statuses.give_back(FIRST_PARTY_CLIENT_ID, self._status, now)

    def redeem_in(self, tx: Tx, session: Session, account: Account) -> None:
        """The grant and its refresh token; raises `SessionEnded`. May run again."""
        now = self.clock.now()
        grant = Grant(
            id=self.dice.new_id(),
            account_id=account.id,
            client_id=FIRST_PARTY_CLIENT_ID,
            session_id=session.id,
            scope=self.first_party.scope,
            audience=self.first_party.audience,
            offline=False,
            created_at=now,
            expires_at=session.expires_at,
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
        )
        if store.add_grant_on_session(tx, grant, now=now) is None:
            raise SessionEnded("it ended before it was redeemed")
        refresh = self.issuing.refresh_tokens.first_in(tx, grant, now=now)
        self.issuing.keep_status_in(tx, self._status, grant, now=now)
        issued = TokensIssued(
            account_id=account.id,
            session_id=session.id,
            client_id=FIRST_PARTY_CLIENT_ID,
            grant_type="session",
            grant_id=grant.id,
            scope=grant.scope,
        )
        self.audit.record(tx, self.actor, now, issued)
        self._redeemed = Basis(grant, account, session), refresh

    def tokens(self) -> TokenSet:
        """Signed after the commit: nobody waits for a signature in a transaction."""
        if self._redeemed is None:
            raise RuntimeError("redeem_in comes first")
        basis, refresh = self._redeemed
        return self.issuing.token_set(
            basis, now=basis.grant.created_at, refresh_token=refresh, status=self._status
        )
