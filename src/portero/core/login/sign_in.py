"""Signing in with a password. What may be owed after it: `steps.py`.

1. Spend a try (account and address) and load: one transaction, committed whatever follows.
2. Prove, on the hash pool, with no transaction open.
3. Look again: still active, the password still the one that was proven? Then the dispatcher
   decides; a failure is recorded in a transaction of its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from typing import Final

from portero.core.accounts.flows import find_identified, identifier_key
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.challenges import Occasion
from portero.core.devices import KnownDevices, marks_of
from portero.core.factors.password import HashQueueFull, Passwords, Proof, StoredPassword
from portero.core.factors.password.events import PasswordRehashed, PasswordShut
from portero.core.factors.password.model import FAILURES_TOLD, MOST_FAILURES
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.login import rules, store
from portero.core.login.dispatcher import ANYTHING, Dispatcher
from portero.core.login.errors import AccountNotActive, SignInDenied, WrongCredentials, signed_in
from portero.core.login.events import SignInFailed, SignInLimited
from portero.core.login.model import PASSWORD_PROVEN, Along, InBrowser, SignedIn, StillOwes, Wanted
from portero.core.login.robots import Robots
from portero.core.notices import NoticeTemplate
from portero.core.stuffing import StuffingAlarm
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.refusals import Refusal
from portero.kit.values import quick_value

WRONG: Final = "wrong_credentials"
DENIED: Final = "denied"  # the right one, and the rules of risk refuse the sign-in


@quick_value
class _Attempt:
    """A try that was counted, and what it is about. `is_known`: in a browser in which the account
    was signed in to before."""

    name: str  # the account's id, or what was typed where it is nobody's
    account: Account | None
    stored: StoredPassword | None
    subject: str
    over: OverLimit | None
    is_known: bool

    @property
    def is_shut_out(self) -> bool:
        return not self.is_known and self.stored is not None and self.stored.is_shut


class SignIn:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        passwords: Passwords,
        dispatcher: Dispatcher,
        robots: Robots,
        devices: KnownDevices,
        owner: OwnerTold,
        stuffing: StuffingAlarm,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._passwords = passwords
        self._dispatcher = dispatcher
        self._robots = robots
        self._devices = devices
        self._stuffing = stuffing
        self._owner = owner

    def with_password(
        self,
        actor: Actor,
        identifier: str,
        password: str,
        *,
        wanted: Wanted = ANYTHING,
        in_browser: InBrowser | None = None,
        along: Along | None = None,
        challenge: str = "",
    ) -> SignedIn:
        """A session for whoever knows the password; raises `WrongCredentials`, `OverLimit`,
        `AccountNotActive`, `OwesMore`, `ChallengeRequired` (which `challenge` answers, a
        solution), `HashQueueFull`. `wanted` and `in_browser`: see `Dispatcher.arrive_in`.
        `along` redeems the session where it is made: one commit for both, and neither without
        the other."""
        if in_browser is None or not in_browser.devices:
            # A flood is turned away before it costs a statement: else what is refused takes the
            # cores from those who are let in. A made-up cookie only gets as far as `prove`.
            self._passwords.expect_place()
        self._robots.admit(actor, Occasion.LOGIN, identifier, challenge, in_browser)
        now = self._clock.now()
        # Before the hash, so that guesses made at once are all counted.
        attempt = self._db.write(
            lambda tx: self._spend_in(tx, actor, identifier, in_browser, now), durable=False
        )
        if attempt.over is not None:
            raise attempt.over
        began = self._clock.monotonic()
        try:
            return self._answer(actor, attempt, password, wanted, in_browser, along)
        except WrongCredentials:
            # Where a right one may be answered as a wrong one, time must not tell them apart.
            if self._dispatcher.doubts.judge.can_deny:
                self._passwords.level(began, known=attempt.is_known)
            raise

    def _answer(
        self,
        actor: Actor,
        attempt: _Attempt,
        password: str,
        wanted: Wanted,
        in_browser: InBrowser | None,
        along: Along | None,
    ) -> SignedIn:
        proof = self._prove(actor, attempt, password)
        if attempt.account is None or attempt.stored is None or not proof.ok:
            self._record_failure(actor, attempt, WRONG)
            raise WrongCredentials("unknown name, no password, a wrong one, or one that is shut")
        if not attempt.account.is_active:
            self._record_failure(actor, attempt, "not_active")
            raise AccountNotActive(f"{attempt.account.id} is {attempt.account.state}")

        def arrive(tx: Tx) -> SignedIn | StillOwes | Refusal | None:
            arrived = self._arrive_in(tx, actor, attempt, proof, wanted, in_browser)
            if along is not None and isinstance(arrived, SignedIn):
                along.redeem_in(tx, arrived.session, arrived.account)
            return arrived

        with along.prepared() if along is not None else nullcontext():
            arrived = self._db.write(arrive)
        if arrived is None:
            raise WrongCredentials("the account or its password changed meanwhile")
        if isinstance(arrived, SignInDenied):
            # It spends what a wrong one spends: else whoever may try for ever has the right one.
            self._record_failure(actor, attempt, DENIED)
            raise WrongCredentials(f"denied: {arrived.detail}")
        self._stuffing.succeeded(attempt.name)
        return signed_in(arrived)

    def _prove(self, actor: Actor, attempt: _Attempt, password: str) -> Proof:
        # One that is shut is nobody's: the right guess costs what a wrong one does, or the time
        # would tell which it was.
        stored = None if attempt.is_shut_out else attempt.stored
        try:
            return self._passwords.prove(password, stored, known=attempt.is_known)
        except HashQueueFull:
            # "Nothing was done" has to be true of the counters too, or honest retries of a busy
            # hour would use up the account.
            self._db.write(lambda tx: self._give_back_in(tx, actor, attempt))
            raise

    # --- inside transactions ------------------------------------------------------------------

    def _spend_in(
        self,
        tx: Tx,
        actor: Actor,
        identifier: str,
        in_browser: InBrowser | None,
        now: datetime,
    ) -> _Attempt:
        account = find_identified(tx, identifier)
        name = account.id if account else identifier_key(identifier)
        subject = name
        if in_browser is not None and in_browser.devices:
            # Strangers at the door use up nothing of what the owner has in a browser of hers.
            # Looked for of nobody too: a statement less would tell who has an account.
            account_id, marks = account.id if account else "", marks_of(in_browser.devices)
            subject = self._devices.budget_in(tx, account_id, marks) or name
        is_known = subject != name
        over = self._limits.spend_each(
            tx,
            *self._of_address(actor, is_known),
            *((each, subject) for each in rules.LOGIN_TRIES),
            now=now,
        )
        if over is not None and over.is_first:
            limited = SignInLimited(account_id=account.id if account else "", limit=over.limit)
            self._audit.record(tx, actor, now, limited)
        # Looked for of nobody too: a statement less would tell who has an account.
        stored = self._passwords.load_in(tx, account.id if account else "")
        return _Attempt(name, account, stored, subject, over, is_known)

    def _of_address(self, actor: Actor, is_known: bool) -> tuple[tuple[LimitPolicy, str], ...]:
        """A browser that the account knows is not counted by its address: a neighbour who uses up
        what the network has shuts no owner out."""
        return () if is_known else ((rules.LOGIN_BY_ADDRESS, actor.origin.address),)

    def _give_back_in(self, tx: Tx, actor: Actor, attempt: _Attempt) -> None:
        for policy, address in self._of_address(actor, attempt.is_known):
            self._limits.give_back(tx, policy, address)
        for each in rules.LOGIN_TRIES:
            self._limits.give_back(tx, each, attempt.subject)

    def _arrive_in(
        self,
        tx: Tx,
        actor: Actor,
        attempt: _Attempt,
        proof: Proof,
        wanted: Wanted,
        in_browser: InBrowser | None,
    ) -> SignedIn | StillOwes | Refusal | None:
        """What the account is now, not what it was before the hash."""
        if attempt.account is None or attempt.stored is None:
            return None
        now = self._clock.now()
        account = store.hold_account(tx, attempt.account.id)
        stored = self._passwords.load_in(tx, attempt.account.id)
        if account is None or not account.is_active or stored is None:
            return None
        if stored.encoded != attempt.stored.encoded:
            return None
        if stored.is_shut and not attempt.is_known:
            return None  # guesses that were made at once with this one have shut it
        if proof.replacement is not None:
            self._passwords.replace_in(
                tx, account.id, expected=stored.encoded, replacement=proof.replacement, now=now
            )
            rehashed = PasswordRehashed(account_id=account.id, old_scheme=stored.scheme)
            self._audit.record(tx, actor, now, rehashed)
        arrived = self._dispatcher.arrive_in(
            tx,
            actor,
            account,
            PASSWORD_PROVEN,
            stored,
            now=now,
            wanted=wanted,
            in_browser=in_browser,
        )
        if isinstance(arrived, SignInDenied):
            return arrived
        # In the order of `_spend_in`: two sign-ins of one account must not lock crosswise.
        for policy, address in self._of_address(actor, attempt.is_known):
            self._limits.give_back(tx, policy, address)
        self._limits.clear_each(tx, *((each, attempt.subject) for each in rules.LOGIN_TRIES))
        return arrived

    def _record_failure(self, actor: Actor, attempt: _Attempt, reason: str) -> None:
        now = self._clock.now()
        self._stuffing.failed(actor.origin.address, attempt.name)
        account_id = attempt.account.id if attempt.account else ""
        failed = SignInFailed(account_id=account_id, factor="password", reason=reason)

        def unit(tx: Tx) -> None:
            self._audit.record(tx, actor, now, failed)
            if reason not in (WRONG, DENIED):
                return
            if attempt.is_known:
                self._wear_out_in(tx, actor, attempt, now)
                return
            # For nobody's name too, so that it takes no less time.
            failures = self._passwords.fail_in(tx, account_id)
            if failures == FAILURES_TOLD:
                self._tell_of_failures_in(tx, account_id, now)
            elif failures == MOST_FAILURES:
                self._audit.record(tx, actor, now, PasswordShut(account_id=account_id))
                self._owner.tell_in(tx, account_id, NoticeTemplate.PASSWORD_SHUT, {}, now=now)

        self._db.write(unit)

    def _tell_of_failures_in(self, tx: Tx, account_id: str, now: datetime) -> None:
        """Once in a row of them, and once a day at most."""
        if self._limits.spend(tx, rules.FAILURES_MAIL_BY_ACCOUNT, account_id, now=now) is None:
            self._owner.tell_in(tx, account_id, NoticeTemplate.MANY_FAILURES, {}, now=now)

    def _wear_out_in(self, tx: Tx, actor: Actor, attempt: _Attempt, now: datetime) -> None:
        """A stolen browser must not guess for ever: after so many wrong tries it is forgotten, and
        guesses on as a stranger."""
        over = self._limits.spend(tx, rules.LOGIN_BY_DEVICE, attempt.subject, now=now)
        if over is not None and over.is_first and attempt.account is not None:
            self._devices.forget_budget_in(tx, actor, attempt.account.id, attempt.subject, now=now)
