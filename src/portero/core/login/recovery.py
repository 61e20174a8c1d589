"""Back in without the password: a link to the proven mailbox.

Asking does the same work for every name: one job in the outbox. Only the worker looks whether
there is such an account, so neither text nor time tells a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from portero.core import links
from portero.core.accounts import store as account_store
from portero.core.accounts.email import MAILS_EVERYWHERE
from portero.core.accounts.flows import Accounts, find_identified
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.challenges import Occasion
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.links import Link, LinkPurpose, LinkSpent, LinkUrl
from portero.core.login import rules, store
from portero.core.login.events import RecoverySent, RecoveryUsed
from portero.core.login.robots import Robots
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.outbox import Outbox
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice

RECOVERY_ASKED: Final = "recovery_asked"


class Recovery:
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
        sessions: Sessions,
        notices: Notices,
        owner: OwnerTold,
        outbox: Outbox,
        feed: ChangeFeed,
        link_url: LinkUrl,
        robots: Robots,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._notices = notices
        self._owner = owner
        self._outbox = outbox
        self._feed = feed
        self._link_url = link_url
        self._robots = robots

    def ask(self, actor: Actor, identifier: str, *, challenge: str = "") -> None:
        """Queue the search for an account of that name or address; raises only `OverLimit` and
        `ChallengeRequired`."""
        self._robots.admit(actor, Occasion.RECOVERY, "", challenge)
        now = self._clock.now()

        def unit(tx: Tx) -> Exception | None:
            over = self._limits.spend(tx, rules.RECOVERY_BY_ADDRESS, actor.origin.address, now=now)
            if over is None:
                self._outbox.enqueue(tx, RECOVERY_ASKED, {"identifier": identifier}, now=now)
            return over

        over = self._db.write(unit)
        if over is not None:
            raise over

    def follow(self, payload: Mapping[str, object]) -> None:
        """Deliver a `RECOVERY_ASKED` job: mail a link to the proven address, if there is one."""
        now = self._clock.now()
        self._db.write(lambda tx: self._send_in(tx, str(payload["identifier"]), now))

    def look(self, token: str) -> Link:
        """The link; raises `LinkSpent` for one that would open nothing. Spends nothing."""
        now = self._clock.now()
        return self._db.read(
            lambda tx: links.find_live(tx, token, LinkPurpose.RESET_PASSWORD, now=now)
        )

    def use(self, actor: Actor, token: str, new_password: str) -> Account:
        """Choose a new password; every session ends. Raises `LinkSpent`, `WeakPassword`; a
        refused password does not spend the link."""
        link = self.look(token)
        account = self._db.read(lambda tx: account_store.find(tx, link.account_id))
        if account is None:
            raise LinkSpent("the account was deleted since the mail was sent")
        self._passwords.check_new(
            new_password,
            context=(account.username, account.email),
            account_id=account.id,
            field="new_password",
        )
        encoded = self._passwords.hash(new_password)
        ended, now = self._db.write(lambda tx: self._use_in(tx, actor, token, encoded))
        self._sessions.announce(ended, now)
        self._feed.apply_now(ChangeKind.GRANTS_VOIDED, account.id, now)
        return account

    def _send_in(self, tx: Tx, identifier: str, now: datetime) -> None:
        account = find_identified(tx, identifier)
        if account is None or not account.is_active or not account.email_verified:
            return
        tries = ((rules.RECOVERY_MAIL_BY_ACCOUNT, account.id), (MAILS_EVERYWHERE, ""))
        if self._limits.spend_each(tx, *tries, now=now) is not None:
            return
        token = self._dice.token()
        links.withdraw(tx, account.id, LinkPurpose.RESET_PASSWORD, now=now)
        expires_at = now + rules.RESET_LINK_LIFETIME
        links.issue(
            tx,
            token,
            Link(LinkPurpose.RESET_PASSWORD, account.id, account.email, now, expires_at),
        )
        values = {
            "link": self._link_url(LinkPurpose.RESET_PASSWORD, token),
            "username": account.username,
            "lifetime_seconds": str(int(rules.RESET_LINK_LIFETIME.total_seconds())),
        }
        self._notices.send_in(
            tx, Notice(NoticeTemplate.RESET_PASSWORD, account.email, account.locale, values), now
        )
        self._audit.record(tx, Actor.system(), now, RecoverySent(account_id=account.id))

    def _use_in(self, tx: Tx, actor: Actor, token: str, encoded: str) -> tuple[list[str], datetime]:
        """The sessions that ended, and when: read once the account is held, so that it is later
        than whatever was made on it before."""
        link = links.find_live(tx, token, LinkPurpose.RESET_PASSWORD, now=self._clock.now())
        account = store.hold_account(tx, link.account_id)
        now = self._clock.now()
        links.redeem(tx, token, LinkPurpose.RESET_PASSWORD, now=now)
        if account is None or not account.is_active or account.email != link.email:
            # Disabled, gone, or the address moved to another mailbox since the mail was sent.
            raise LinkSpent("the account is not active, or its address changed")
        self._passwords.put_in(tx, account.id, encoded, now=now, by_mail=True)
        self._limits.clear_each(tx, *((each, account.id) for each in rules.LOGIN_TRIES))
        store.end_of_account(tx, account.id, now=now)
        # A thief may have let an application in that outlives the session.
        account_store.void_grants(tx, account.id, now=now)
        self._feed.note(tx, ChangeKind.GRANTS_VOIDED, account.id)
        ended = self._sessions.end_in(
            tx, actor, account.id, now=now, reason=EndReason.PASSWORD_RESET
        )
        self._owner.tell_account_in(tx, account, NoticeTemplate.PASSWORD_RESET_DONE, {}, now=now)
        self._audit.record(tx, actor, now, RecoveryUsed(account_id=account.id))
        return ended, now
