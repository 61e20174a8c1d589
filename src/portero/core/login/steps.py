"""Going on with a sign-in that owes something: one step at a time, in whatever face.

1. Find the sign-in under way, and what it owes now.
2. The step's effect that needs no transaction: a mail, a hash, a challenge; a try is counted.
3. Prove or change what the step is about and exchange the secret, in one transaction; then the
   dispatcher decides. A refusal leaves the sign-in where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from portero.core.accounts.email import EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Evidence, FactorKind, Given
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.factors.password.events import PasswordChanged
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.dispatcher import Dispatcher, signed_in
from portero.core.login.errors import InteractionOver, StepMissing, WrongFactor
from portero.core.login.events import SignInFailed
from portero.core.login.model import (
    Factors,
    Facts,
    InBrowser,
    Interaction,
    Owed,
    SignedIn,
    Step,
    StillOwes,
)
from portero.core.sessions import EndReason
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import FieldFault
from portero.kit.secrets import Secret, fingerprint


@dataclass(frozen=True, slots=True)
class _Effect:
    """What was done outside the transaction, and what is left to do in it."""

    new_encoded: str | None = None
    begun: FactorKind | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    proving: FactorKind | None = None
    enrolling: FactorKind | None = None
    keeps: bool = False


_NOTHING = _Effect()


class SignInSteps:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        limits: Limits,
        accounts: Accounts,
        email: EmailProofs,
        passwords: Passwords,
        factors: Factors,
        dispatcher: Dispatcher,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._accounts = accounts
        self._email = email
        self._passwords = passwords
        self._factors = factors
        self._dispatcher = dispatcher

    def go_on(
        self, actor: Actor, auth_session: str, step: Step, *, in_browser: InBrowser | None = None
    ) -> SignedIn:
        """Answer the step that is owed; raises `InteractionOver`, `OwesMore`, `WrongFactor`,
        `OverLimit` and the refusals of the step itself, which leave the sign-in where it was."""
        under_way = self._under_way(auth_session, in_browser)
        effect = self._answered(actor, under_way, step, in_browser)
        secret_hash = fingerprint(auth_session)
        now = self._clock.now()
        advanced = self._db.write(
            lambda tx: self._advance_in(
                tx, actor, under_way, secret_hash, step, effect, now=now, in_browser=in_browser
            )
        )
        if isinstance(advanced, WrongFactor):
            raise advanced
        arrived, ended_sessions = advanced
        self._dispatcher.sessions.announce(ended_sessions, now)
        return signed_in(arrived)

    def look(self, auth_session: str, *, in_browser: InBrowser | None = None) -> StillOwes:
        """What is owed, with nothing done and the secret as it is; raises `InteractionOver`."""
        under_way = self._under_way(auth_session, in_browser)
        account = self._accounts.get(under_way.account_id)
        _, facts = self._facts(under_way, account, in_browser)
        owed = rules.owed(facts, self._dispatcher.policy)
        if owed is None:
            raise InteractionOver("nothing is owed any more")
        return self._dispatcher.still(Secret(auth_session), owed, facts, under_way.expires_at)

    # --- outside the transaction --------------------------------------------------------------

    def _under_way(self, auth_session: str, in_browser: InBrowser | None) -> Interaction:
        now, find = self._clock.now(), self._dispatcher.under_way_in
        return self._db.read(lambda tx: find(tx, auth_session, in_browser, now=now))

    def _facts(
        self, under_way: Interaction, account: Account, in_browser: InBrowser | None
    ) -> tuple[StoredPassword | None, Facts]:
        now = self._clock.now()

        def look(tx: Tx) -> tuple[StoredPassword | None, Facts]:
            stored = self._passwords.load_in(tx, account.id)
            return stored, self._dispatcher.facts_in(
                tx,
                account,
                stored,
                under_way.proven,
                under_way.wanted,
                now=now,
                in_browser=in_browser,
            )

        return self._db.read(look)

    def _answered(
        self, actor: Actor, under_way: Interaction, step: Step, in_browser: InBrowser | None
    ) -> _Effect:
        account = self._accounts.get(under_way.account_id)
        stored, facts = self._facts(under_way, account, in_browser)
        owed = rules.owed(facts, self._dispatcher.policy)
        if owed is Owed.VERIFY_EMAIL:
            if step.token is not None:
                self._email.verify(actor, step.token)
            elif step.resend and account.email:
                self._email.claim(actor, account, account.email)
        elif owed is Owed.CHANGE_PASSWORD:
            if step.new_password is None:
                fault = FieldFault("new_password", "required", "Choose a new password.")
                raise StepMissing("no new_password", faults=(fault,))
            return _Effect(new_encoded=self._new_encoding(step.new_password, account, stored))
        elif owed is Owed.KEEP_ACCOUNT:
            return _Effect(keeps=step.keep)
        elif owed in (Owed.SECOND_FACTOR, Owed.ENROL_FACTOR) and step.factor is not None:
            return self._factor_answered(actor, under_way, account, owed, facts, step)
        return _NOTHING

    def _factor_answered(
        self,
        actor: Actor,
        under_way: Interaction,
        account: Account,
        owed: Owed,
        facts: Facts,
        step: Step,
    ) -> _Effect:
        """Begin what the person chose, or count the try at it."""
        possible = rules.factors_for(owed, facts, self._dispatcher.policy)
        kind = next((each for each in possible if each == step.factor), None)
        if kind is None:
            fault = FieldFault("factor", "unknown", "Choose one of the ways that are offered.")
            raise StepMissing("no such factor here", faults=(fault,))
        enrols = owed is Owed.ENROL_FACTOR
        if step.begin:
            if enrols:
                to_enrol = self._factors.enrollable(kind)
                shown = to_enrol.begin_enrolment(actor, account, under_way.id)
            else:
                shown = self._factors.provable(kind).begin(actor, account, under_way.id)
            return _Effect(begun=kind, shown=shown)
        if step.given is None:
            return _NOTHING
        self._spend_try(account.id)
        return _Effect(enrolling=kind) if enrols else _Effect(proving=kind)

    def _spend_try(self, account_id: str) -> None:
        """Before the proof, so that guesses made at once are all counted."""
        now = self._clock.now()
        policy = rules.SECOND_FACTOR_BY_ACCOUNT
        over = self._db.write(lambda tx: self._limits.spend(tx, policy, account_id, now=now))
        if over is not None:
            raise over

    def _new_encoding(self, password: str, account: Account, stored: StoredPassword | None) -> str:
        self._passwords.check_new(
            password,
            context=(account.username, account.email),
            account_id=account.id,
            field="new_password",
        )
        if stored is not None and self._passwords.prove(password, stored).ok:
            fault = FieldFault("new_password", "reused", "Choose one that you have not used here.")
            raise StepMissing("the same password again", faults=(fault,))
        return self._passwords.hash(password)

    # --- inside the transaction ---------------------------------------------------------------

    def _advance_in(
        self,
        tx: Tx,
        actor: Actor,
        found: Interaction,
        secret_hash: str,
        step: Step,
        effect: _Effect,
        *,
        now: datetime,
        in_browser: InBrowser | None,
    ) -> tuple[SignedIn | StillOwes, list[str]] | WrongFactor:
        """Where the sign-in is now, and the sessions that ended. A wrong proof is a refusal to
        commit: the factor may have counted the try; the sign-in's secret is not spent by it."""
        account = store.hold_account(tx, found.account_id)
        if account is None or not account.is_active:
            raise InteractionOver("the account is not active")
        kind = effect.proving or effect.enrolling
        evidence = self._evidence_in(tx, actor, found, step, effect, now)
        if kind is not None and evidence is None:
            failed = SignInFailed(account_id=account.id, factor=kind, reason="wrong_factor")
            self._audit.record(tx, actor, now, failed)
            return WrongFactor(kind)
        secret = self._dice.token()
        under_way = store.advance(tx, secret_hash, new_secret_hash=fingerprint(secret), now=now)
        if under_way is None:
            raise InteractionOver("went on elsewhere")  # which unspends the proof
        proven = under_way.proven
        if kind is not None and evidence is not None:
            proven = rules.raised(proven, evidence, kind)
            store.raise_proven(tx, under_way.id, proven)
            self._limits.clear(tx, rules.SECOND_FACTOR_BY_ACCOUNT, account.id)
        ended: list[str] = []
        if effect.new_encoded is not None:
            ended = self._change_password_in(tx, actor, under_way, effect.new_encoded, now)
        if effect.keeps:
            account = self._dispatcher.deletions.keep_in(tx, actor, account, now=now)
        arrived = self._dispatcher.arrive_in(
            tx,
            actor,
            account,
            proven,
            self._passwords.load_in(tx, account.id),
            now=now,
            under_way=under_way,
            secret=secret,
            in_browser=in_browser,
            trust_device=step.trust_device,
        )
        if isinstance(arrived, StillOwes) and effect.begun in arrived.factors:
            arrived = replace(arrived, begun=effect.begun, shown=effect.shown)
        return arrived, ended

    def _evidence_in(
        self,
        tx: Tx,
        actor: Actor,
        under_way: Interaction,
        step: Step,
        effect: _Effect,
        now: datetime,
    ) -> Evidence | None:
        """What this step proves; None for nothing."""
        account_id, given = under_way.account_id, step.given or Given()
        if effect.proving is not None:
            factor = self._factors.provable(effect.proving)
            return factor.prove_in(tx, account_id, under_way.id, given, now=now)
        if effect.enrolling is not None:
            return self._factors.enrollable(effect.enrolling).enrol_in(
                tx, actor, account_id, under_way.id, given, name=step.name, now=now
            )
        return None

    def _change_password_in(
        self, tx: Tx, actor: Actor, under_way: Interaction, new_encoded: str, now: datetime
    ) -> list[str]:
        """The former password is worth nothing now: neither are the sessions that it earned, nor
        the other sign-ins that it began."""
        account_id = under_way.account_id
        self._passwords.put_in(tx, account_id, new_encoded, now=now)
        store.end_of_account(tx, account_id, now=now, but=under_way.id)
        self._audit.record(tx, actor, now, PasswordChanged(account_id=account_id))
        return self._dispatcher.sessions.end_in(
            tx, actor, account_id, now=now, reason=EndReason.PASSWORD_CHANGED
        )
