"""What a step of a sign-in does outside of its transaction: a mail, a hash, a challenge, a try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from portero.core.accounts.email import EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.devices import marks_of
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.limits import Limits, OverLimit
from portero.core.login import rules
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.errors import OwesMore, StepMissing
from portero.core.login.model import Factors, Facts, InBrowser, Interaction, Owed, Step
from portero.core.login.present_password import PresentPassword
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import FieldFault
from portero.kit.secrets import Secret


@dataclass(frozen=True, slots=True)
class Effect:
    """What was done outside the transaction, and what is left to do in it."""

    password: StoredPassword | None = None  # that was proven
    new_encoded: str | None = None
    begun: FactorKind | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    proving: FactorKind | None = None
    enrolling: FactorKind | None = None
    keeps: bool = False
    budget: str = ""  # that the try was taken from
    waits: bool = False


_NOTHING: Final = Effect()
_BY_FACTOR: Final = (Owed.PASSWORD, Owed.SECOND_FACTOR, Owed.ENROL_FACTOR)


@dataclass(frozen=True, slots=True)
class StepEffects:
    db: Database
    clock: Clock
    limits: Limits
    accounts: Accounts
    email: EmailProofs
    passwords: Passwords
    factors: Factors
    dispatcher: Dispatcher
    present: PresentPassword

    def facts(
        self, under_way: Interaction, account: Account, in_browser: InBrowser | None
    ) -> tuple[StoredPassword | None, Facts]:
        now = self.clock.now()

        def look(tx: Tx) -> tuple[StoredPassword | None, Facts]:
            stored = self.passwords.load_in(tx, account.id)
            return stored, self.dispatcher.facts_in(
                tx,
                account,
                stored,
                under_way.proven,
                under_way.wanted,
                now=now,
                in_browser=in_browser,
            )

        return self.db.read(look)

    def of(
        self,
        actor: Actor,
        auth_session: str,
        under_way: Interaction,
        step: Step,
        in_browser: InBrowser | None,
    ) -> Effect:
        """Raises the refusals of the step; and `OwesMore`, with the sign-in as it was, while a
        factor waits for an answer elsewhere."""
        account = self.accounts.get(under_way.account_id)
        stored, facts = self.facts(under_way, account, in_browser)
        owed = rules.owed(facts, self.dispatcher.policy)
        if owed is Owed.PASSWORD and step.password is not None:
            whose = account, under_way.session_id
            return Effect(
                password=self.present.prove(actor, *whose, step.password, field="password")
            )
        if owed is Owed.VERIFY_EMAIL:
            if step.token is not None:
                self.email.verify(actor, step.token)
            elif step.resend and account.email:
                self.email.claim(actor, account, account.email)
        elif owed is Owed.CHANGE_PASSWORD:
            if step.new_password is None:
                fault = FieldFault("new_password", "required", "Choose a new password.")
                raise StepMissing("no new_password", faults=(fault,))
            return Effect(new_encoded=self._new_encoding(step.new_password, account, stored))
        elif owed is Owed.KEEP_ACCOUNT:
            return Effect(keeps=step.keep)
        elif owed in _BY_FACTOR and step.factor is not None:
            effect = self._factor_answered(actor, under_way, account, owed, facts, step, in_browser)
            if effect.waits:
                secret, ends_at = Secret(auth_session), under_way.expires_at
                now = self.clock.now()
                still = self.dispatcher.still(secret, owed, facts, ends_at, now=now)
                raise OwesMore(replace(still, begun=effect.begun, shown=effect.shown))
            return effect
        return _NOTHING

    def _factor_answered(
        self,
        actor: Actor,
        under_way: Interaction,
        account: Account,
        owed: Owed,
        facts: Facts,
        step: Step,
        in_browser: InBrowser | None,
    ) -> Effect:
        """Begin what the person chose, or count the try at it."""
        possible = rules.factors_for(owed, facts, self.dispatcher.policy)
        kind = next((each for each in possible if each == step.factor), None)
        if kind is None:
            fault = FieldFault("factor", "unknown", "Choose one of the ways that are offered.")
            raise StepMissing("no such factor here", faults=(fault,))
        enrols = owed is Owed.ENROL_FACTOR
        elsewhere = self.factors.elsewhere.get(kind)
        if step.begin:
            if enrols:
                shown = self.factors.begin_enrolment(kind, actor, account, under_way.id, step.given)
            elif elsewhere is not None:
                budget = self._budget(account.id, in_browser)
                shown = elsewhere.ask(actor, account, under_way.id, budget=budget)
            else:
                shown = self.factors.provable(kind).begin(actor, account, under_way.id)
            return Effect(begun=kind, shown=shown)
        if elsewhere is not None and (step.poll or step.given is not None):
            waits = elsewhere.waiting(account.id, under_way.id, enrols=enrols)
            if waits is not None:
                return Effect(begun=kind, shown=waits, waits=True)
        elif step.given is None:
            return _NOTHING
        budget = self._spend_try(account.id, in_browser)
        if enrols:
            return Effect(enrolling=kind, budget=budget)
        return Effect(proving=kind, budget=budget)

    def _budget(self, account_id: str, in_browser: InBrowser | None) -> str:
        marks, devices = marks_of(in_browser.devices) if in_browser else [], self.dispatcher.devices
        return self.db.read(lambda tx: devices.budget_in(tx, account_id, marks))

    def _spend_try(self, account_id: str, in_browser: InBrowser | None) -> str:
        """Before the proof, so that guesses made at once are all counted. Whoever knows the
        password spends what strangers have, and locks no owner out of a browser of hers."""
        now, policy = self.clock.now(), rules.SECOND_FACTOR_BY_ACCOUNT
        marks = marks_of(in_browser.devices) if in_browser else []

        def unit(tx: Tx) -> tuple[str, OverLimit | None]:
            budget = self.dispatcher.devices.budget_in(tx, account_id, marks)
            return budget, self.limits.spend(tx, policy, budget, now=now)

        budget, over = self.db.write(unit)
        if over is not None:
            raise over
        return budget

    def _new_encoding(self, password: str, account: Account, stored: StoredPassword | None) -> str:
        self.passwords.check_new(
            password,
            context=(account.username, account.email),
            account_id=account.id,
            field="new_password",
        )
        if stored is not None and self.passwords.prove(password, stored, known=True).ok:
            fault = FieldFault("new_password", "reused", "Choose one that you have not used here.")
            raise StepMissing("the same password again", faults=(fault,))
        return self.passwords.hash(password)
