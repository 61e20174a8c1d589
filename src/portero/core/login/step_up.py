"""Lifting a session that is only too weak: what it has proven counts, and the rest is owed.

A session that is too old is no beginning: its person proves everything again, as at any sign-in.
"""

from __future__ import annotations

from dataclasses import replace

from portero.core.audit import Actor
from portero.core.authenticators import store as authenticator_store
from portero.core.factors.password import Passwords
from portero.core.login import proofs, rules, store, waits
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.errors import FreshProofNeeded, MailboxProven
from portero.core.login.model import (
    NOTHING_PROVEN,
    InBrowser,
    Owed,
    SignedIn,
    StillOwes,
    Wanted,
)
from portero.core.sessions import Session, SessionEnded, SignInDemand, satisfies
from portero.core.sessions import store as session_store
from portero.core.sessions.demand import reaches
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal


class StepUp:
    def __init__(
        self, *, db: Database, clock: Clock, passwords: Passwords, dispatcher: Dispatcher
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._dispatcher = dispatcher

    def demand_of_account(self, session: Session) -> SignInDemand:
        """What is demanded where most harm can be done: a fresh proof by whatever the account has,
        a second factor included when one is enrolled."""
        now = self._clock.now()

        enrolled = self._db.read(lambda tx: authenticator_store.list_of(tx, session.account_id))
        acr = rules.level_enrolled([each.kind for each in enrolled], self._dispatcher.policy)
        return SignInDemand(client_id="", began_at=now, max_age=rules.FRESH_SECONDS, acr=acr)

    def is_enough(self, session: Session) -> bool:
        """Whether that session may do what harms most."""
        return satisfies(session, self.demand_of_account(session), self._clock.now())

    def check_enough(self, session: Session) -> None:
        """Raises `FreshProofNeeded`."""
        if not self.is_enough(session):
            raise FreshProofNeeded("the sign-in is too old, or lacks the factor that is enrolled")

    def check_more_than_mailbox(self, session: Session) -> None:
        """Raises `MailboxProven` where all that the session has proven came by mail."""
        now, proven = self._clock.now(), proofs.proven_in(session)

        def unit(tx: Tx) -> bool:
            stored = self._passwords.load_in(tx, session.account_id)
            until = waits.mail_counts_from_in(
                self._dispatcher.devices, tx, stored, proven, "", now=now
            )
            return until is not None

        if proven.factor == rules.MAILBOX or self._db.read(unit):
            raise MailboxProven("signed in by mail, or with a password that came by it")

    def begin_anew(self, actor: Actor, session: Session, acr: str) -> StillOwes:
        """A sign-in under way in that session, for whatever its account can prove, and that level
        where one is named: what is missing, or everything where nothing is. Raises
        `FreshProofNeeded` where there is neither a password nor a passkey to begin with, and
        `SessionEnded`."""
        own = self.demand_of_account(session)
        demand = replace(own, acr=acr if reaches(acr, own.acr) and acr else own.acr)
        lifting = self.begin(actor, session, demand)
        if lifting is not None:
            return lifting
        now, wanted = self._clock.now(), Wanted("", demand.acr)

        def unit(tx: Tx) -> SignedIn | StillOwes | Refusal:
            account = store.hold_account(tx, session.account_id)
            live = session_store.find_live(tx, session.account_id, session.id, now=now)
            if account is None or live is None:
                raise SessionEnded("it ended meanwhile")
            stored, proven = self._passwords.load_in(tx, account.id), NOTHING_PROVEN
            arrived = self._dispatcher.arrive_in(
                tx, actor, account, proven, stored, now=now, wanted=wanted, lifting=live
            )
            if stored is None and isinstance(arrived, StillOwes) and not arrived.factors:
                raise FreshProofNeeded("no password and no passkey")
            return arrived

        arrived = self._db.write(unit)
        if isinstance(arrived, Refusal):
            raise arrived  # once it is recorded
        if isinstance(arrived, SignedIn):
            raise AssertionError("nothing was proven, and a session came of it")
        return arrived

    def begin(
        self,
        actor: Actor,
        session: Session,
        demand: SignInDemand,
        *,
        in_browser: InBrowser | None = None,
    ) -> StillOwes | None:
        """A sign-in under way that begins with what this live session has proven, and owes what
        the demand wants beside it. None where that is not to be had: all has to be proven, or
        nothing is missing. The same steps go on with it as with any other (`SignInSteps`). Raises
        `MailboxAlone`, unless `in_browser` is one that the account knew before."""
        now = self._clock.now()
        if not rules.is_only_too_weak(session, demand, now):
            return None

        def unit(tx: Tx) -> StillOwes | Refusal | None:
            account = store.hold_account(tx, session.account_id)
            live = session_store.find_live(tx, session.account_id, session.id, now=now)
            if account is None or live is None:
                return None
            proven = proofs.proven_in(live)
            wanted = Wanted(demand.client_id, demand.acr, demand.second_factor)
            stored = self._passwords.load_in(tx, account.id)
            facts = self._dispatcher.facts_in(
                tx, account, stored, proven, wanted, now=now, in_browser=in_browser
            )
            step = rules.owed(facts, self._dispatcher.policy)
            # Whoever finds an open browser must not add a factor of their own to the account.
            enrols = step is Owed.ENROL_FACTOR and rules.is_fresh(live, now)
            if step is not Owed.SECOND_FACTOR and not enrols:
                return None
            arrived = self._dispatcher.arrive_in(
                tx,
                actor,
                account,
                proven,
                stored,
                now=now,
                wanted=wanted,
                in_browser=in_browser,
                lifting=live,
            )
            return None if isinstance(arrived, SignedIn) else arrived

        begun = self._db.write(unit)
        if isinstance(begun, Refusal):
            raise begun
        return begun
