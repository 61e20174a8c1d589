"""Enrolling a factor by somebody who is signed in. (Who has to enrol one to get in: `steps.py`.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.accounts.flows import Accounts
from portero.core.audit import Actor
from portero.core.authenticators import Evidence, FactorKind, Given, NoSuchAuthenticator
from portero.core.limits import Limits
from portero.core.login import proofs, rules, store
from portero.core.login.errors import NotApproved, NotApprovedYet, WrongFactor
from portero.core.login.model import Factors
from portero.core.login.step_up import StepUp
from portero.core.sessions import Session, Sessions
from portero.core.sessions import store as session_store
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock


class Enrolment:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        limits: Limits,
        accounts: Accounts,
        sessions: Sessions,
        factors: Factors,
        offered: tuple[FactorKind, ...],
        step_up: StepUp,
    ) -> None:
        """`offered` are the kinds that may be enrolled and proven here."""
        self._db = db
        self._clock = clock
        self._limits = limits
        self._accounts = accounts
        self._sessions = sessions
        self._factors = factors
        self._step_up = step_up
        self.offered = offered

    def begin(
        self, actor: Actor, session: Session, kind: FactorKind, given: Given | None = None
    ) -> Mapping[str, Any]:
        """What the page has to show, or to hand to the browser. `given` is what a factor that is
        answered elsewhere shows itself by. Raises `FreshProofNeeded`,
        `MailboxProven`."""
        self._check(session, kind)
        account = self._accounts.get(session.account_id)
        return self._factors.begin_enrolment(kind, actor, account, session.id, given)

    def waiting(self, session: Session, kind: FactorKind) -> Mapping[str, Any] | None:
        """What the page shows while the answer has not come; None when it has, or will not."""
        elsewhere = self._factors.elsewhere.get(kind)
        if elsewhere is None:
            return None
        return elsewhere.waiting(session.account_id, session.id, enrols=True)

    def finish(
        self, actor: Actor, session: Session, kind: FactorKind, given: Given, *, name: str
    ) -> str:
        """The id of the new authenticator. What was just proven lifts the session. Raises
        `FreshProofNeeded`, `MailboxProven`, `WrongFactor`, `NotApprovedYet`, `OverLimit`."""
        live = self._check(session, kind)
        if self.waiting(session, kind) is not None:
            raise NotApprovedYet(f"{kind} waits")
        now = self._clock.now()
        policy, account_id = rules.SECOND_FACTOR_BY_ACCOUNT, session.account_id
        # Whoever is in has a budget that nobody at the door can use up.
        over = self._db.write(lambda tx: self._limits.spend(tx, policy, session.id, now=now))
        if over is not None:
            raise over

        def unit(tx: Tx) -> Evidence | None:
            store.hold_account(tx, account_id)
            evidence = self._factors.enrollable(kind).enrol_in(
                tx, actor, account_id, session.id, given, name=name, now=now
            )
            if evidence is not None:
                self._limits.give_back(tx, policy, session.id)
                lifted = proofs.raised(proofs.proven_in(live), evidence, kind)
                session_store.put_off_no_more(tx, account_id)
                self._sessions.lift_in(tx, actor, live, lifted, now=now)
            return evidence

        evidence = self._db.write(unit)
        if evidence is None:
            elsewhere = kind in self._factors.elsewhere
            raise NotApproved(kind) if elsewhere else WrongFactor(kind)
        return evidence.authenticator_id

    def _check(self, session: Session, kind: FactorKind) -> Session:
        """The session as it is now."""
        if kind not in self.offered or kind not in self._factors.to_enrol:
            raise NoSuchAuthenticator(f"{kind} is not enrolled here")
        live = self._sessions.find_live(session.account_id, session.id)
        self._step_up.check_enough(live)
        if kind is FactorKind.EMAIL:
            self._step_up.check_more_than_mailbox(live)
        return live
