"""Going on with a sign-in that owes something: one step at a time, in whatever face.

1. Find the sign-in under way, and what it owes now.
2. The step's effect that needs no transaction (`effects.py`); a try is counted.
3. Prove or change what the step is about and exchange the secret, in one transaction; then the
   dispatcher decides. A refusal leaves the sign-in where it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from portero.core.accounts.flows import Accounts
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Evidence, FactorKind, Given
from portero.core.factors.password import Passwords, StoredPassword
from portero.core.factors.password.events import PasswordChanged
from portero.core.limits import Limits
from portero.core.login import proofs, rules, store, waits
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.effects import Effect, StepEffects
from portero.core.login.errors import (
    InteractionOver,
    MailboxAlone,
    NotApproved,
    WrongFactor,
    signed_in,
)
from portero.core.login.events import SignInFailed
from portero.core.login.model import (
    PASSWORD_PROVEN,
    Factors,
    InBrowser,
    Interaction,
    SignedIn,
    Step,
    StillOwes,
)
from portero.core.notices import NoticeTemplate
from portero.core.sessions import EndReason, Proven
from portero.core.sessions import store as session_store
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret, fingerprint


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
        passwords: Passwords,
        factors: Factors,
        dispatcher: Dispatcher,
        effects: StepEffects,
        owner: OwnerTold,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._accounts = accounts
        self._passwords = passwords
        self._factors = factors
        self._dispatcher = dispatcher
        self._effects = effects
        self._owner = owner

    def go_on(
        self,
        actor: Actor,
        auth_session: str,
        step: Step,
        *,
        in_browser: InBrowser | None = None,
        second_factor: bool = False,
    ) -> SignedIn:
        """Answer the step that is owed. `second_factor`: who goes on here needs one, even where the
        sign-in was begun for what needs none (in another face). Raises `InteractionOver`,
        `OwesMore`, `WrongFactor`, `OverLimit` and the refusals of the step itself, which leave the
        sign-in where it was."""
        under_way = self._under_way(auth_session, in_browser).wanting(second_factor)
        effect = self._effects.of(actor, auth_session, under_way, step, in_browser)
        secret_hash = fingerprint(auth_session)
        now = self._clock.now()
        try:
            advanced = self._db.write(
                lambda tx: self._advance_in(
                    tx, actor, under_way, secret_hash, step, effect, now=now, in_browser=in_browser
                )
            )
        except MailboxAlone as alone:
            refusal, record = alone, self._dispatcher.record_refusal_in
            self._db.write(lambda tx: record(tx, actor, under_way.account_id, refusal, now=now))
            raise
        if isinstance(advanced, WrongFactor):
            raise advanced
        arrived, ended_sessions = advanced
        self._dispatcher.sessions.announce(ended_sessions, now)
        return replace(signed_in(arrived), enrolled=effect.enrolling is not None)

    def look(self, auth_session: str, *, in_browser: InBrowser | None = None) -> StillOwes:
        """What is owed, with nothing done and the secret as it is; raises `InteractionOver`."""
        under_way = self._under_way(auth_session, in_browser)
        account = self._accounts.get(under_way.account_id)
        _, facts = self._effects.facts(under_way, account, in_browser)
        owed = rules.owed(facts, self._dispatcher.policy)
        if owed is None:
            raise InteractionOver("nothing is owed any more")
        return self._dispatcher.still(
            Secret(auth_session), owed, facts, under_way.expires_at, now=self._clock.now()
        )

    def waits(
        self, auth_session: str, kind: FactorKind, *, in_browser: InBrowser | None = None
    ) -> bool:
        """Whether a factor that is answered elsewhere still waits, with nothing done; raises
        `InteractionOver`."""
        under_way, elsewhere = self._under_way(auth_session, in_browser), self._factors.elsewhere
        return kind in elsewhere and any(
            elsewhere[kind].waiting(under_way.account_id, under_way.id, enrols=enrols) is not None
            for enrols in (False, True)
        )

    # --- outside the transaction --------------------------------------------------------------

    def _under_way(self, auth_session: str, in_browser: InBrowser | None) -> Interaction:
        now, find = self._clock.now(), self._dispatcher.under_way_in
        return self._db.read(lambda tx: find(tx, auth_session, in_browser, now=now))

    # --- inside the transaction ---------------------------------------------------------------

    def _advance_in(
        self,
        tx: Tx,
        actor: Actor,
        found: Interaction,
        secret_hash: str,
        step: Step,
        effect: Effect,
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
            return NotApproved(kind) if kind in self._factors.elsewhere else WrongFactor(kind)
        secret = self._dice.token()
        under_way = store.advance(tx, secret_hash, new_secret_hash=fingerprint(secret), now=now)
        if under_way is None:
            raise InteractionOver("went on elsewhere")  # which unspends the proof
        under_way = under_way.wanting(found.wanted.second_factor)
        proven = under_way.proven
        if kind is not None and evidence is not None:
            proven = proofs.raised(proven, evidence, kind)
            store.raise_proven(tx, under_way.id, proven)
            self._limits.clear(tx, rules.SECOND_FACTOR_BY_ACCOUNT, effect.budget)
            if effect.enrolling is not None:
                session_store.put_off_no_more(tx, account.id)
        if effect.password is not None:
            proven = self._password_proven_in(tx, under_way, effect.password)
        ended: list[str] = []
        if effect.new_encoded is not None:
            ended = self._change_password_in(tx, actor, under_way, proven, effect.new_encoded, now)
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
            not_now=step.not_now,
        )
        if isinstance(arrived, Refusal):
            raise arrived  # which leaves the sign-in where it was
        if isinstance(arrived, SignedIn) and in_browser is None and under_way.session_id:
            ended.append(under_way.session_id)  # another one is in its place
        if isinstance(arrived, StillOwes) and effect.begun in arrived.factors:
            arrived = replace(arrived, begun=effect.begun, shown=effect.shown)
        return arrived, ended

    def _evidence_in(
        self,
        tx: Tx,
        actor: Actor,
        under_way: Interaction,
        step: Step,
        effect: Effect,
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

    def _password_proven_in(self, tx: Tx, under_way: Interaction, proved: StoredPassword) -> Proven:
        """If it is still the one that was proven before this transaction."""
        stored = self._passwords.load_in(tx, under_way.account_id)
        if stored is None or stored.encoded != proved.encoded:
            raise InteractionOver("the password changed meanwhile")
        self._effects.present.forgive_in(tx, under_way.account_id, under_way.session_id)
        store.raise_proven(tx, under_way.id, PASSWORD_PROVEN)
        return PASSWORD_PROVEN

    def _change_password_in(
        self,
        tx: Tx,
        actor: Actor,
        under_way: Interaction,
        proven: Proven,
        new_encoded: str,
        now: datetime,
    ) -> list[str]:
        """The former password is worth nothing now: neither are the sessions that it earned, nor
        the other sign-ins that it began. Whoever has proven the mailbox alone begins a wait anew:
        the new one has to count from now, or it would be too old at once."""
        account_id = under_way.account_id
        former = self._passwords.load_in(tx, account_id)
        by_mail = proven.factor == rules.MAILBOX or (
            former is not None and waits.stays_by_mail(former, proven.amr, now)
        )
        self._passwords.put_in(tx, account_id, new_encoded, now=now, by_mail=by_mail)
        store.end_of_account(tx, account_id, now=now, but=under_way.id)
        self._audit.record(tx, actor, now, PasswordChanged(account_id=account_id))
        self._owner.tell_in(tx, account_id, NoticeTemplate.PASSWORD_CHANGED, {}, now=now)
        return self._dispatcher.sessions.end_in(
            tx, actor, account_id, now=now, reason=EndReason.PASSWORD_CHANGED
        )
