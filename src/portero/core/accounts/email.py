"""Proving a mail address: the claim, the link, and what its owner is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from portero.core import links
from portero.core.accounts import store
from portero.core.accounts.errors import EmailTaken
from portero.core.accounts.events import (
    AccountChanged,
    EmailMoveAllowed,
    EmailMoveAsked,
    EmailVerificationSent,
    EmailVerified,
)
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog, Event
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.limits import LimitPolicy, Limits, OverLimit
from portero.core.links import Link, LinkPurpose, LinkSpent, LinkUrl
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.outbox import Outbox
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice

# A day: long enough for greylisting and a night's sleep, and all that it proves is the mailbox.
VERIFY_LINK_LIFETIME: Final = timedelta(hours=24)
# A week: whoever is on holiday still hears of it in time.
UNDO_LINK_LIFETIME: Final = timedelta(days=7)
# As long as an operator may take to have mail delivered again.
_CLAIM_LIFETIME: Final = timedelta(days=7)
# The outbox job that follows a claimed address; `EmailProofs.follow_claim` delivers it.
EMAIL_CLAIMED: Final = "email_claimed"
# The outbox job that asks the present mailbox first; `EmailProofs.follow_move` delivers it.
EMAIL_MOVE_ASKED: Final = "email_move_asked"

# So that nobody's mailbox is filled by somebody else.
MAIL_BY_ACCOUNT: Final = LimitPolicy("mail_by_account", tries=5, window_seconds=3600)

# Of whatever account: it costs nothing to make many that name the same mailbox.
MAIL_BY_RECIPIENT: Final = LimitPolicy("mail_by_recipient", tries=10, window_seconds=3600)
# Of what anybody can have sent: what an hour can cost the operator, in money and in reputation.
MAILS_EVERYWHERE: Final = LimitPolicy("mails_everywhere", tries=10_000, window_seconds=3600)

POLICIES: Final = (MAIL_BY_ACCOUNT, MAIL_BY_RECIPIENT, MAILS_EVERYWHERE)


def claim_in(
    outbox: Outbox,
    dice: Dice,
    tx: Tx,
    account_id: str,
    email: str,
    *,
    now: datetime,
    allowed: bool = False,
) -> None:
    """Queue what follows a claimed address; `allowed`: the present mailbox agreed to it.

    Whether it is free is looked up by the worker, so that the request does the same work, in the
    same time, for an address that is somebody's and one that is nobody's.
    """
    told = {**_waiting_in(tx, dice, account_id, email, now=now), "allowed": allowed}
    outbox.enqueue(tx, EMAIL_CLAIMED, told, now=now)


def _waiting_in(
    tx: Tx, dice: Dice, account_id: str, email: str, *, now: datetime
) -> dict[str, object]:
    """The payload of a job about that address. Its token is good for as long as nobody ends all
    ways into the account: what a thief began would else outlive it in the outbox."""
    token = dice.token()
    links.issue(tx, token, Link(LinkPurpose.CLAIM, account_id, email, now, now + _CLAIM_LIFETIME))
    return {"account_id": account_id, "email": email, "token": token}


def _still_waits_in(tx: Tx, payload: Mapping[str, object], *, now: datetime) -> bool:
    """Of an account that is held: whoever ends all ways in does it before this, or after."""
    try:
        links.redeem(tx, str(payload["token"]), LinkPurpose.CLAIM, now=now)
    except LinkSpent:
        return False
    return True


class EmailProofs:
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
        owner: OwnerTold,
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
        self._owner = owner
        self._link_url = link_url

    def claim(self, actor: Actor, account: Account, email: str) -> None:
        """The account names a mail address; raises `Invalid`, `OverLimit`.

        An address that was proven stays in force until the new one is: a slip of the finger does
        not cut the owner off. And its mailbox is asked before the new one is: nor does a thief.
        """
        named = email_key(email)
        now = self._clock.now()

        def unit(tx: Tx) -> OverLimit | None:
            over = self._limits.spend(tx, MAIL_BY_ACCOUNT, account.id, now=now)
            if over is not None:
                return over
            event: Event = AccountChanged(account_id=account.id, changed=("email",))
            if store.name_email(tx, account.id, named.display, named.key, now=now):
                self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
                claim_in(self._outbox, self._dice, tx, account.id, named.display, now=now)
            else:
                asked = _waiting_in(tx, self._dice, account.id, named.display, now=now)
                self._outbox.enqueue(tx, EMAIL_MOVE_ASKED, asked, now=now)
                event = EmailMoveAsked(account_id=account.id)
            self._audit.record(tx, actor, now, event)
            return None

        over = self._db.write(unit)
        if over is not None:
            raise over

    def follow_claim(self, payload: Mapping[str, object]) -> None:
        """Deliver an `EMAIL_CLAIMED` job: mail the link, or tell the owner of the address that
        somebody else named it. Doing it twice mails once."""
        account_id, email = str(payload["account_id"]), str(payload["email"])
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            account = store.hold(tx, account_id)
            if not _still_waits_in(tx, payload, now=now):
                return
            # Named before another address was proven: this one is not allowed any more.
            if account is None or (account.email_verified and not payload.get("allowed")):
                return
            key = email_key(email).key
            tries = ((MAIL_BY_RECIPIENT, key), (MAILS_EVERYWHERE, ""))
            if self._limits.spend_each(tx, *tries, now=now) is not None:
                return  # nobody is told: whoever named it may not know whose it is
            owner = store.find_by_verified_email(tx, key)
            if owner is None:
                self._send_link(tx, account, email, now=now)
            elif owner.id != account_id:
                self._notices.send_in(
                    tx, Notice(NoticeTemplate.EMAIL_IN_USE, owner.email, owner.locale, {}), now
                )

        self._db.write(unit)

    def follow_move(self, payload: Mapping[str, object]) -> None:
        """Deliver an `EMAIL_MOVE_ASKED` job: ask the present mailbox whether the account may leave
        it. The same mail for an address that is free and one that is somebody's."""
        account_id, email = str(payload["account_id"]), str(payload["email"])
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            account = store.hold(tx, account_id)
            if not _still_waits_in(tx, payload, now=now):
                return
            if account is None or not account.email_verified:
                return
            if email_key(email).key == account.email_key:
                return
            ends_at = now + VERIFY_LINK_LIFETIME
            link = Link(LinkPurpose.MOVE_EMAIL, account.id, account.email, now, ends_at, email)
            values = {"email": email, **self._issued_in(tx, link)}
            self._owner.tell_account_in(tx, account, NoticeTemplate.MOVE_EMAIL, values, now=now)

        self._db.write(unit)

    def look(self, token: str, purpose: LinkPurpose = LinkPurpose.VERIFY_EMAIL) -> Link:
        """The link; raises `LinkSpent` for one that would open nothing. Spends nothing."""
        now = self._clock.now()
        return self._db.read(lambda tx: links.find_live(tx, token, purpose, now=now))

    def allow_move(self, actor: Actor, token: str) -> str:
        """The present mailbox agrees: the new one is asked now, and is told. Raises `LinkSpent`."""
        now = self._clock.now()

        def unit(tx: Tx) -> str:
            link = links.find_live(tx, token, LinkPurpose.MOVE_EMAIL, now=now)
            account = store.hold(tx, link.account_id)
            links.redeem(tx, token, LinkPurpose.MOVE_EMAIL, now=now)
            if account is None or not account.email_verified or account.email != link.email:
                raise LinkSpent("the account is gone, or has left that mailbox already")
            claim_in(self._outbox, self._dice, tx, account.id, link.about, now=now, allowed=True)
            self._audit.record(tx, actor, now, EmailMoveAllowed(account_id=account.id))
            return link.about

        return self._db.write(unit)

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
                self._tell_former(tx, known, now)
            return account

        account = self._db.write(unit)
        if account is None:
            raise EmailTaken("the address was proven by another account meanwhile")
        return account

    def _send_link(self, tx: Tx, account: Account, email: str, *, now: datetime) -> None:
        link = Link(LinkPurpose.VERIFY_EMAIL, account.id, email, now, now + VERIFY_LINK_LIFETIME)
        values = {"username": account.username}
        self._mail_link(tx, NoticeTemplate.VERIFY_EMAIL, link, account.locale, values)
        self._audit.record(tx, Actor.system(), now, EmailVerificationSent(account_id=account.id))

    def _tell_former(self, tx: Tx, known: Account, now: datetime) -> None:
        """The mailbox that loses its account is told, and can take it back: a thief does it neither
        quietly nor for good. The links of earlier moves stay: each mailbox has its own."""
        links.withdraw(tx, known.id, LinkPurpose.MOVE_EMAIL, now=now)
        ends_at = now + UNDO_LINK_LIFETIME
        link = Link(LinkPurpose.UNDO_EMAIL, known.id, known.email, now, ends_at)
        self._mail_link(tx, NoticeTemplate.EMAIL_CHANGED, link, known.locale, {})

    def _mail_link(
        self,
        tx: Tx,
        template: NoticeTemplate,
        link: Link,
        locale: str,
        values: Mapping[str, str],
    ) -> None:
        told = {**values, **self._issued_in(tx, link)}
        self._notices.send_in(tx, Notice(template, link.email, locale, told), link.created_at)

    def _issued_in(self, tx: Tx, link: Link) -> dict[str, str]:
        """What a mail says of the link, which is good from now on."""
        token = self._dice.token()
        if link.purpose is not LinkPurpose.UNDO_EMAIL:
            links.withdraw(tx, link.account_id, link.purpose, now=link.created_at)
        links.issue(tx, token, link)
        return {
            "link": self._link_url(link.purpose, token),
            "lifetime_seconds": str(int((link.expires_at - link.created_at).total_seconds())),
        }
