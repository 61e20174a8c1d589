"""Signing in with what only the mailbox knows: a link, and a code beside it.

1. `ask`: one job in the outbox, the same for every name; the browser keeps a secret.
2. `follow`, in the worker: whether there is such an account; then one mail.
3. `use`: the code, typed in the browser that asked; or the link, opened in that browser. Elsewhere
   the link opens nothing: a mail scanner that follows it, or a victim whom an attacker sends his
   own link (login CSRF), has no secret. The dispatcher decides what is owed then.

A wrong code, a code that is over and a name that is nobody's are one refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.core.accounts import store as account_store
from portero.core.accounts.email import MAILS_EVERYWHERE
from portero.core.accounts.flows import find_identified
from portero.core.accounts.model import Account
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import store as authenticator_store
from portero.core.challenges import Occasion
from portero.core.devices import marks_of
from portero.core.factors.one_time_code import CodePurpose, Codes, CodeSubject
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.links import LinkPurpose, LinkUrl
from portero.core.login import rules, store
from portero.core.login.dispatcher import ANYTHING, Dispatcher
from portero.core.login.errors import MailCodeWrong, signed_in
from portero.core.login.events import SignInFailed, SignInMailSent
from portero.core.login.model import Along, InBrowser, SignedIn, StillOwes, Wanted
from portero.core.login.robots import Robots
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.outbox import Outbox
from portero.core.sessions import Proven
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import Refusal
from portero.kit.secrets import Secret, fingerprint

SIGN_IN_MAIL_ASKED: Final = "sign_in_mail_asked"
# RFC 8176 has no word for a mailbox: `otp` is what came to it.
_MAIL_PROVEN: Final = Proven(acr="aal1", amr=("otp",), factor=rules.MAILBOX)
_PURPOSE: Final = CodePurpose.SIGN_IN


@dataclass(frozen=True, slots=True)
class MailAsked:
    """`secret` is what the browser or app that asked has to show again."""

    secret: Secret
    expires_at: datetime


class MailSignIn:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        limits: Limits,
        codes: Codes,
        passwords: Passwords,
        notices: Notices,
        outbox: Outbox,
        dispatcher: Dispatcher,
        link_url: LinkUrl,
        robots: Robots,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._codes = codes
        self._passwords = passwords
        self._notices = notices
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._link_url = link_url
        self._robots = robots

    def ask(
        self, actor: Actor, identifier: str, *, challenge: str = "", devices: str = ""
    ) -> MailAsked:
        """Queue the search for an account of that name or address; raises only `OverLimit` and
        `ChallengeRequired`. `devices` is the browser's cookie of that name."""
        self._robots.admit(actor, Occasion.MAIL_SIGN_IN, "", challenge)
        now, secret = self._clock.now(), self._dice.token()

        def unit(tx: Tx) -> Exception | None:
            over = self._limits.spend(
                tx, rules.MAIL_SIGN_IN_BY_ADDRESS, actor.origin.address, now=now
            )
            if over is None:
                job = {
                    "identifier": identifier,
                    "subject": fingerprint(secret),
                    "marks": marks_of(devices),
                }
                self._outbox.enqueue(tx, SIGN_IN_MAIL_ASKED, job, now=now)
            return over

        over = self._db.write(unit)
        if over is not None:
            raise over
        return MailAsked(Secret(secret), now + rules.MAIL_SIGN_IN_LIFETIME)

    def follow(self, payload: Mapping[str, object]) -> None:
        """Deliver a `SIGN_IN_MAIL_ASKED` job: mail the proven address, if there is one."""
        now = self._clock.now()
        identifier, subject = str(payload["identifier"]), str(payload["subject"])
        marks = payload.get("marks")
        known = [str(mark) for mark in marks] if isinstance(marks, list) else []
        self._db.write(lambda tx: self._send_in(tx, identifier, subject, known, now))

    def look(self, secret: str, token: str) -> str:
        """The name of the account that the link would sign in here; raises `MailCodeWrong`. Spends
        nothing: mail scanners look too."""
        now, subject = self._clock.now(), fingerprint(secret)

        def unit(tx: Tx) -> Account | None:
            about = self._codes.find_by_link_in(tx, _PURPOSE, subject, token, now=now)
            if about is None:
                return None
            return self._eligible_in(tx, account_store.find(tx, about.account_id), about)

        account = self._db.read(unit)
        if account is None:
            raise MailCodeWrong("no live link of this browser's")
        return account.username

    def use(
        self,
        actor: Actor,
        secret: str,
        *,
        code: str = "",
        token: str = "",
        wanted: Wanted = ANYTHING,
        in_browser: InBrowser | None = None,
        along: Along | None = None,
    ) -> SignedIn:
        """A session for whoever has the mailbox, by the link's `token` or by the code. Raises
        `MailCodeWrong`, `OverLimit`, `OwesMore`. `along`: see `SignIn.with_password`."""
        now, subject = self._clock.now(), fingerprint(secret)
        address = actor.origin.address
        over = self._db.write(
            lambda tx: self._limits.spend(tx, rules.MAIL_CODE_BY_ADDRESS, address, now=now)
        )
        if over is not None:
            raise over

        def unit(tx: Tx) -> SignedIn | StillOwes | Refusal | None:
            marks = marks_of(in_browser.devices) if in_browser else []
            account = self._proven_in(tx, subject, code, token, marks, now)
            if isinstance(account, str):
                failed = SignInFailed(
                    account_id=account, factor=rules.MAILBOX, reason="wrong_mail_code"
                )
                self._audit.record(tx, actor, now, failed)
                return None
            self._limits.give_back(tx, rules.MAIL_CODE_BY_ADDRESS, address)
            arrived = self._dispatcher.arrive_in(
                tx,
                actor,
                account,
                _MAIL_PROVEN,
                self._passwords.load_in(tx, account.id),
                now=now,
                wanted=wanted,
                in_browser=in_browser,
            )
            if along is not None and isinstance(arrived, SignedIn):
                along.redeem_in(tx, arrived.session, arrived.account)
            return arrived

        with along.prepared() if along is not None else nullcontext():
            arrived = self._db.write(unit)
        if arrived is None:
            raise MailCodeWrong("wrong, over, of another browser, or the account changed")
        return signed_in(arrived, denied=MailCodeWrong)

    # --- inside transactions ------------------------------------------------------------------

    def _send_in(
        self, tx: Tx, identifier: str, subject: str, marks: list[str], now: datetime
    ) -> None:
        found = find_identified(tx, identifier)
        if found is None:
            return
        about = CodeSubject(_PURPOSE, subject, found.id, found.email)
        account = self._eligible_in(tx, found, about)
        if account is None:
            return
        # Strangers who ask for the account's mails use up none of its own browsers'.
        policy = rules.SIGN_IN_MAIL_BY_ACCOUNT
        budget = self._dispatcher.devices.budget_in(tx, account.id, marks)
        tries = ((policy, budget), (MAILS_EVERYWHERE, ""))
        if self._limits.spend_each(tx, *tries, now=now) is not None:
            return
        lifetime = rules.MAIL_SIGN_IN_LIFETIME
        made = self._codes.make_in(tx, about, lifetime=lifetime, now=now)
        if made is None:
            return  # the job was delivered before
        values = {
            "link": self._link_url(LinkPurpose.SIGN_IN, made.link_token),
            "code": made.code,
            "username": account.username,
            "lifetime_seconds": str(int(lifetime.total_seconds())),
        }
        self._notices.send_in(
            tx, Notice(NoticeTemplate.SIGN_IN_BY_MAIL, account.email, account.locale, values), now
        )
        self._audit.record(tx, Actor.system(), now, SignInMailSent(account_id=account.id))

    def _proven_in(
        self, tx: Tx, subject: str, code: str, token: str, marks: list[str], now: datetime
    ) -> Account | str:
        """The account, held, whose mailbox is proven; else whose it would have been, if anybody's.

        The account is held before its code is spent, in the order in which whoever ends all ways
        into an account takes the two.
        """
        about = self._codes.find_in(tx, _PURPOSE, subject, now=now)
        account_id = about.account_id if about else ""
        held = store.hold_account(tx, account_id)
        # Whoever asks gets five tries at a code: a day of asking must not add up to many.
        policy, counted = rules.MAIL_CODE_BY_ACCOUNT, subject
        if account_id:
            counted = self._dispatcher.devices.budget_in(tx, account_id, marks)
        if token:
            spent = self._codes.spend_by_link_in(tx, _PURPOSE, subject, token, now=now)
        elif self._limits.spend(tx, policy, counted, now=now) is not None:
            return account_id
        else:
            spent = self._codes.spend_in(tx, _PURPOSE, subject, code, now=now)
            if spent is not None:
                self._limits.give_back(tx, policy, counted)
        account = None if spent is None else self._eligible_in(tx, held, spent)
        return account_id if account is None else account

    def _eligible_in(self, tx: Tx, account: Account | None, about: CodeSubject) -> Account | None:
        """The account, if the mailbox that was written to may begin its sign-in: it is active, and
        the address is still its own and proven."""
        if account is None or not account.is_active or not account.email_verified:
            return None
        if account.email != about.address:
            return None
        enrolled = {each.kind for each in authenticator_store.list_of(tx, account.id)}
        return account if rules.begins_with_mail(enrolled, self._dispatcher.policy) else None
