"""Making an account of one's own: open, by invitation, or not at all.

1. May anybody register here? An invitation is looked at, not yet spent.
2. The name, the address and the password are checked together, so that a form is told of all its
   faults at once. Nothing here says whether a mail address has an account.
3. Hash, with no transaction open.
4. Spend the invitation, take the name, store the password: one transaction, all or nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from portero.core import links
from portero.core.accounts.flows import Accounts, NewAccount
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.audit import Actor, AuditLog
from portero.core.challenges import Occasion
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.links import Link, LinkPurpose, LinkUrl
from portero.core.login import rules
from portero.core.login.errors import InvitationNeeded, RegistrationClosed
from portero.core.login.events import InvitationSent
from portero.core.login.model import Registration
from portero.core.login.robots import Robots
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.refusals import FieldFault, Invalid


class SignUp:
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
        notices: Notices,
        link_url: LinkUrl,
        registration: Registration,
        robots: Robots,
        email_required: bool = False,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._accounts = accounts
        self._passwords = passwords
        self._notices = notices
        self._link_url = link_url
        self._registration = registration
        self._robots = robots
        self._email_required = email_required

    def register(
        self,
        actor: Actor,
        asked: NewAccount,
        password: str,
        *,
        invitation: str = "",
        challenge: str = "",
    ) -> Account:
        """The new account; raises `Invalid`, `UsernameTaken`, `RegistrationClosed`,
        `InvitationNeeded`, `LinkSpent`, `OverLimit`, `ChallengeRequired`."""
        now = self._clock.now()
        invited = self._invited(invitation, now)
        if invited is None:
            self._robots.admit(actor, Occasion.REGISTER, "", challenge)
        self._spend(actor, now)
        account = self._draft(asked, password, now)
        if invited is not None and invited.email:
            account = _proven_by(invited, account)
        encoded = self._passwords.hash(password)

        def unit(tx: Tx) -> None:
            if invited is not None:
                links.redeem(tx, invitation, LinkPurpose.INVITE, now=now)
            self._accounts.add_in(tx, actor, account, by="registration", now=now)
            self._passwords.put_in(tx, account.id, encoded, now=now)

        self._db.write(unit)
        return account

    def look(self, invitation: str) -> None:
        """Raise what `register` would, whatever was typed; spends nothing."""
        self._invited(invitation, self._clock.now())

    def invite(self, actor: Actor, email: str, *, locale: str = "") -> str:
        """Mail somebody an invitation; also answers with its address, for who runs the command."""
        now = self._clock.now()
        to = email_key(email)
        token = self._dice.token()
        url = self._link_url(LinkPurpose.INVITE, token)
        link = Link(LinkPurpose.INVITE, "", to.display, now, now + rules.INVITE_LINK_LIFETIME)

        def unit(tx: Tx) -> None:
            links.issue(tx, token, link)
            lifetime = str(int(rules.INVITE_LINK_LIFETIME.total_seconds()))
            values = {"link": url, "lifetime_seconds": lifetime}
            notice = Notice(NoticeTemplate.INVITATION, to.display, locale, values)
            self._notices.send_in(tx, notice, now)
            self._audit.record(tx, actor, now, InvitationSent())

        self._db.write(unit)
        return url

    def _invited(self, invitation: str, now: datetime) -> Link | None:
        if self._registration is Registration.CLOSED:
            raise RegistrationClosed("PORTERO_REGISTRATION=closed")
        if invitation:
            return self._db.read(
                lambda tx: links.find_live(tx, invitation, LinkPurpose.INVITE, now=now)
            )
        if self._registration is Registration.INVITE:
            raise InvitationNeeded("PORTERO_REGISTRATION=invite")
        return None

    def _spend(self, actor: Actor, now: datetime) -> None:
        over = self._db.write(
            lambda tx: self._limits.spend(
                tx, rules.REGISTER_BY_ADDRESS, actor.origin.address, now=now
            )
        )
        if over is not None:
            raise over

    def _draft(self, asked: NewAccount, password: str, now: datetime) -> Account:
        faults: list[FieldFault] = []
        account: Account | None = None
        try:
            account = self._accounts.draft(
                replace(asked, email_verified=False), now=now, by_owner=True
            )
        except Invalid as refusal:
            faults.extend(refusal.faults)
        if self._email_required and not asked.email:
            # Without one it would owe the proof of an address for ever.
            faults.append(FieldFault("email", "required", "Give a mail address."))
        try:
            self._passwords.check_new(password, context=(asked.username, asked.email))
        except Invalid as refusal:
            faults.extend(refusal.faults)
        if account is None or faults:
            raise Invalid("registration", faults=tuple(faults))
        return account


def _proven_by(invited: Link, account: Account) -> Account:
    """An invitation came by mail, so it proves the mailbox that it was sent to, and no other."""
    address = email_key(invited.email)
    if account.email_key and account.email_key != address.key:
        return account
    return replace(account, email=address.display, email_key=address.key, email_verified=True)
