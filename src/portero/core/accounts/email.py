"""Proving a mail address: the claim, the link, and what its owner is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from portero.core import links
from portero.core.accounts import store
from portero.core.accounts.errors import EmailTaken
from portero.core.accounts.events import AccountChanged, EmailVerificationSent, EmailVerified
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.links import Link, LinkPurpose
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.outbox import Outbox
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice

# A day: long enough for greylisting and a night's sleep, and all that it proves is the mailbox.
VERIFY_LINK_LIFETIME: Final = timedelta(hours=24)
# The outbox job that follows a claimed address; `EmailProofs.follow_claim` delivers it.
EMAIL_CLAIMED: Final = "email_claimed"

# So that nobody's mailbox is filled by somebody else.
MAIL_BY_ACCOUNT: Final = LimitPolicy("mail_by_account", tries=5, window_seconds=3600)

LinkUrl = Callable[[LinkPurpose, str], str]


def claim_in(outbox: Outbox, tx: Tx, account_id: str, email: str, *, now: datetime) -> None:
    """Queue what follows a claimed address.

    Whether it is free is looked up by the worker, so that the request does the same work, in the
    same time, for an address that is somebody's and one that is nobody's.
    """
    outbox.enqueue(tx, EMAIL_CLAIMED, {"account_id": account_id, "email": email}, now=now)


class EmailProofs:
    """`link_url` makes the address of the page that a link opens: faces own their URLs."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        limits: Limits,
        outbox: Outbox,
        feed: ChangeFeed,
        notices: Notices,
        link_url: LinkUrl,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._limits = limits
        self._outbox = outbox
        self._feed = feed
        self._notices = notices
        self._link_url = link_url

    def claim(self, actor: Actor, account: Account, email: str) -> None:
        """The account names a mail address; raises `Invalid`, `OverLimit`.

        An address that was proven stays in force until the new one is: a slip of the finger, or
        a thief, does not cut the owner off.
        """
        named = email_key(email)
        now = self._clock.now()

        def unit(tx: Tx) -> OverLimit | None:
            over = self._limits.spend(tx, MAIL_BY_ACCOUNT, account.id, now=now)
            if over is not None:
                return over
            store.name_email(tx, account.id, named.display, named.key, now=now)
            self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
            claim_in(self._outbox, tx, account.id, named.display, now=now)
            event = AccountChanged(account_id=account.id, changed=("email",))
            self._audit.record(tx, actor, now, event)
            return None

        over = self._db.write(unit)
        if over is not None:
            raise over

    def follow_claim(self, payload: Mapping[str, object]) -> None:
        """Deliver an `EMAIL_CLAIMED` job: mail the link, or tell the owner of the address that
        somebody else named it. Doing it twice mails twice and harms nobody."""
        account_id, email = str(payload["account_id"]), str(payload["email"])
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            account = store.find(tx, account_id)
            if account is None:
                return
            owner = store.find_by_verified_email(tx, email_key(email).key)
            if owner is None:
                self._send_link(tx, account, email, now=now)
            elif owner.id != account_id:
                self._notices.send_in(
                    tx, Notice(NoticeTemplate.EMAIL_IN_USE, owner.email, owner.locale, {}), now
                )

        self._db.write(unit)

    def look(self, token: str) -> None:
        """Raise `LinkSpent` for a link that would open nothing; spends nothing."""
        now = self._clock.now()
        self._db.read(lambda tx: links.find_live(tx, token, LinkPurpose.VERIFY_EMAIL, now=now))

    def verify(self, actor: Actor, token: str) -> Account:
        """Spend a link and take its address as proven; raises `LinkSpent`, `EmailTaken`.

        The address is the link's own, not the account's present one: a link proves the mailbox
        that it was sent to and no other.
        """
        now = self._clock.now()

        def unit(tx: Tx) -> Account | None:
            # The account is held before the link is spent, in the order in which whoever ends
            # all ways into an account takes the two.
            link = links.find_live(tx, token, LinkPurpose.VERIFY_EMAIL, now=now)
            known = store.hold(tx, link.account_id)
            links.redeem(tx, token, LinkPurpose.VERIFY_EMAIL, now=now)
            key = email_key(link.email).key
            account = store.verify_email(tx, link.account_id, link.email, key, now=now)
            if account is None or known is None:
                return None
            self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
            self._audit.record(tx, actor, now, EmailVerified(account_id=account.id))
            if known.email_verified and known.email_key != key:
                # The mailbox that loses its account is told, so that a thief can't do it quietly.
                self._notices.send_in(
                    tx, Notice(NoticeTemplate.EMAIL_CHANGED, known.email, known.locale, {}), now
                )
            return account

        account = self._db.write(unit)
        if account is None:
            raise EmailTaken("the address was proven by another account meanwhile")
        return account

    def _send_link(self, tx: Tx, account: Account, email: str, *, now: datetime) -> None:
        token = self._dice.token()
        links.withdraw(tx, account.id, LinkPurpose.VERIFY_EMAIL, now=now)
        links.issue(
            tx,
            token,
            Link(LinkPurpose.VERIFY_EMAIL, account.id, email, now, now + VERIFY_LINK_LIFETIME),
        )
        url = self._link_url(LinkPurpose.VERIFY_EMAIL, token)
        self._notices.send_in(
            tx,
            Notice(
                NoticeTemplate.VERIFY_EMAIL,
                email,
                account.locale,
                {
                    "link": url,
                    "username": account.username,
                    "lifetime_seconds": str(int(VERIFY_LINK_LIFETIME.total_seconds())),
                },
            ),
            now,
        )
        self._audit.record(tx, Actor.system(), now, EmailVerificationSent(account_id=account.id))
