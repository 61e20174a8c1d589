"""Signing in with a password, and the steps that may follow.

1. Spend a try (account and address) and load: one transaction, committed whatever follows.
2. Prove, on the hash pool, with no transaction open.
3. Look again: still active, the password still the one that was proven? Then the dispatcher
   decides; a failure is recorded in a transaction of its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts.email import EmailProofs
from portero.core.accounts.flows import Accounts, find_identified, identifier_key
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.factors.password import HashQueueFull, Passwords, Proof, StoredPassword
from portero.core.factors.password.events import PasswordChanged, PasswordRehashed
from portero.core.limits import Limits, OverLimit
from portero.core.login import rules, store
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.errors import (
    AccountNotActive,
    InteractionOver,
    OwesMore,
    StepMissing,
    WrongCredentials,
)
from portero.core.login.events import SignInFailed, SignInLimited
from portero.core.login.model import Along, Interaction, Owed, SignedIn, Step, StillOwes
from portero.core.sessions import EndReason, Proven
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import FieldFault
from portero.kit.secrets import fingerprint

PASSWORD_PROVEN = Proven(acr="aal1", amr=("pwd",), factor="password")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A try that was counted, and what it is about."""

    account: Account | None
    stored: StoredPassword | None
    subject: str
    over: OverLimit | None


class SignIn:
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
        self._dispatcher = dispatcher

    def with_password(
        self,
        actor: Actor,
        identifier: str,
        password: str,
        *,
        in_browser: str | None = None,
        along: Along | None = None,
    ) -> SignedIn:
        """A session for whoever knows the password; raises `WrongCredentials`, `OverLimit`,
        `AccountNotActive`, `OwesMore`. `in_browser`: see `Dispatcher.arrive_in`. `along` redeems
        the session where it is made: one commit for both, and neither without the other."""
        now = self._clock.now()
        # Before the hash, so that guesses made at once are all counted.
        attempt = self._db.write(
            lambda tx: self._spend_in(tx, actor, identifier, now), durable=False
        )
        if attempt.over is not None:
            raise attempt.over
        proof = self._prove(actor, attempt, password)
        if attempt.account is None or attempt.stored is None or not proof.ok:
            self._record_failure(actor, attempt, "wrong_credentials")
            raise WrongCredentials("unknown name, no password, or a wrong one")
        if not attempt.account.is_active:
            self._record_failure(actor, attempt, "not_active")
            raise AccountNotActive(f"{attempt.account.id} is {attempt.account.state}")

        def arrive(tx: Tx) -> SignedIn | StillOwes | None:
            arrived = self._arrive_in(tx, actor, attempt, proof, in_browser)
            if along is not None and isinstance(arrived, SignedIn):
                along.redeem_in(tx, arrived.session, arrived.account)
            return arrived

        with along.prepared() if along is not None else nullcontext():
            return _signed_in(self._db.write(arrive))

    def _prove(self, actor: Actor, attempt: _Attempt, password: str) -> Proof:
        try:
            return self._passwords.prove(password, attempt.stored)
        except HashQueueFull:
            # "Nothing was done" has to be true of the counters too, or honest retries of a busy
            # hour would use up the account.
            self._db.write(lambda tx: self._give_back_in(tx, actor, attempt))
            raise

    def go_on(
        self, actor: Actor, auth_session: str, step: Step, *, in_browser: str | None = None
    ) -> SignedIn:
        """Answer the step that is owed; raises `InteractionOver`, `OwesMore` and the refusals of
        the step itself, which leave the sign-in where it was."""
        now = self._clock.now()
        secret_hash = fingerprint(auth_session)
        under_way = self._db.read(lambda tx: store.find(tx, secret_hash, now=now))
        if under_way is None:
            raise InteractionOver("unknown or expired auth_session")
        new_encoded = self._answered(actor, under_way, step)

        now = self._clock.now()
        gone_on = self._db.write(
            lambda tx: self._advance_in(
                tx,
                actor,
                under_way.account_id,
                secret_hash,
                new_encoded,
                now=now,
                in_browser=in_browser,
            )
        )
        if gone_on is None:
            raise InteractionOver("went on elsewhere")
        arrived, ended_sessions = gone_on
        self._dispatcher.sessions.announce(ended_sessions, now)
        return _signed_in(arrived)

    # --- the steps ----------------------------------------------------------------------------

    def _answered(self, actor: Actor, under_way: Interaction, step: Step) -> str | None:
        """The effect of a step outside the transaction; the new password's encoding, if any."""
        account = self._accounts.get(under_way.account_id)
        stored = self._db.read(lambda tx: self._passwords.load_in(tx, account.id))
        owed = self._dispatcher.owed(account, stored, self._clock.now())
        if owed is Owed.VERIFY_EMAIL:
            if step.token is not None:
                self._email.verify(actor, step.token)
            elif step.resend and account.email:
                self._email.claim(actor, account, account.email)
            return None
        if owed is Owed.CHANGE_PASSWORD:
            if step.new_password is None:
                fault = FieldFault("new_password", "required", "Choose a new password.")
                raise StepMissing("no new_password", faults=(fault,))
            return self._new_encoding(step.new_password, account, stored)
        return None

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

    # --- inside transactions ------------------------------------------------------------------

    def _spend_in(self, tx: Tx, actor: Actor, identifier: str, now: datetime) -> _Attempt:
        account = find_identified(tx, identifier)
        subject = account.id if account else identifier_key(identifier)
        over = self._limits.spend_each(
            tx,
            (rules.LOGIN_BY_ADDRESS, actor.origin.address),
            (rules.LOGIN_BY_ACCOUNT, subject),
            now=now,
        )
        if over is not None and over.is_first:
            limited = SignInLimited(account_id=account.id if account else "", limit=over.limit)
            self._audit.record(tx, actor, now, limited)
        stored = self._passwords.load_in(tx, account.id) if account else None
        return _Attempt(account, stored, subject, over)

    def _give_back_in(self, tx: Tx, actor: Actor, attempt: _Attempt) -> None:
        self._limits.give_back(tx, rules.LOGIN_BY_ADDRESS, actor.origin.address)
        self._limits.give_back(tx, rules.LOGIN_BY_ACCOUNT, attempt.subject)

    def _arrive_in(
        self, tx: Tx, actor: Actor, attempt: _Attempt, proof: Proof, in_browser: str | None
    ) -> SignedIn | StillOwes | None:
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
        if proof.replacement is not None:
            self._passwords.replace_in(
                tx, account.id, expected=stored.encoded, replacement=proof.replacement, now=now
            )
            rehashed = PasswordRehashed(account_id=account.id, old_scheme=stored.scheme)
            self._audit.record(tx, actor, now, rehashed)
        # In the order of `_spend_in`: two sign-ins of one account must not lock crosswise.
        self._limits.give_back(tx, rules.LOGIN_BY_ADDRESS, actor.origin.address)
        self._limits.clear(tx, rules.LOGIN_BY_ACCOUNT, attempt.subject)
        return self._dispatcher.arrive_in(
            tx, actor, account, PASSWORD_PROVEN, stored, now=now, in_browser=in_browser
        )

    def _advance_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        secret_hash: str,
        new_encoded: str | None,
        *,
        now: datetime,
        in_browser: str | None,
    ) -> tuple[SignedIn | StillOwes, list[str]] | None:
        """Where the sign-in is now, and the sessions that ended; None: it went on elsewhere."""
        account = store.hold_account(tx, account_id)
        secret = self._dice.token()
        under_way = store.advance(tx, secret_hash, new_secret_hash=fingerprint(secret), now=now)
        if under_way is None:
            return None
        if account is None or not account.is_active:
            return None
        ended: list[str] = []
        if new_encoded is not None:
            ended = self._change_password_in(tx, actor, under_way, new_encoded, now)
        stored = self._passwords.load_in(tx, account.id)
        arrived = self._dispatcher.arrive_in(
            tx,
            actor,
            account,
            under_way.proven,
            stored,
            now=now,
            under_way=under_way,
            secret=secret,
            in_browser=in_browser,
        )
        return arrived, ended

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

    def _record_failure(self, actor: Actor, attempt: _Attempt, reason: str) -> None:
        now = self._clock.now()
        account_id = attempt.account.id if attempt.account else ""
        failed = SignInFailed(account_id=account_id, factor="password", reason=reason)
        self._db.write(lambda tx: self._audit.record(tx, actor, now, failed))


def _signed_in(ended: SignedIn | StillOwes | None) -> SignedIn:
    if ended is None:
        raise WrongCredentials("the account or its password changed meanwhile")
    if isinstance(ended, StillOwes):
        raise OwesMore(ended)
    return ended
