"""The mailbox that an account has left says "it was not me", and takes the account back.

Whoever moved the address was signed in, knew the password or had enrolled something of their own:
all of that ends. Of what was enrolled before, only what the owner confirms is kept: nobody knows
how long ago a thief came in. The owner chooses a new password by a link that is mailed at once;
where no factor was confirmed, it opens the account after a wait (`rules.owed`): else the mailbox
that was left would be a way around the second factor. The mailbox that loses the account is told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portero.core import links
from portero.core.accounts import store as account_store
from portero.core.accounts.email import VERIFY_LINK_LIFETIME
from portero.core.accounts.errors import EmailTaken
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticator
from portero.core.authenticators import store as authenticator_store
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.links import Link, LinkPurpose, LinkSpent
from portero.core.login import store
from portero.core.login.events import EmailMoveUndone
from portero.core.login.shutting_out import ShutOut
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.core.sessions import EndReason
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# A move takes two mails, each of which may wait for as long as its link lives: this much before its
# end is before its beginning, with an hour for a slow outbox.
_BEFORE_THE_MOVE: Final = 2 * VERIFY_LINK_LIFETIME + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An account that may be taken back, and what may be its owner's to keep."""

    account: Account
    enrolled: tuple[Authenticator, ...]


class TakingBack:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        shut_out: ShutOut,
        notices: Notices,
        feed: ChangeFeed,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._shut_out = shut_out
        self._notices = notices
        self._feed = feed

    def look(self, token: str) -> TakenBack:
        """Whose account it is, and what can be kept. Raises `LinkSpent` for a link that would open
        nothing; spends nothing."""
        now = self._clock.now()

        def unit(tx: Tx) -> TakenBack | None:
            link = links.find_live(tx, token, LinkPurpose.UNDO_EMAIL, now=now)
            account = account_store.find(tx, link.account_id)
            return None if account is None else TakenBack(account, _from_before(tx, link))

        found = self._db.read(unit)
        if found is None:
            raise LinkSpent("the account was deleted since the mail was sent")
        return found

    def use(self, actor: Actor, token: str, *, confirmed: Collection[str] = ()) -> None:
        """The address is the link's again; of what was enrolled before, those `confirmed` are kept.
        Raises `LinkSpent`, and `EmailTaken` when another account has proven it since."""
        account, ended, now = self._db.write(lambda tx: self._use_in(tx, actor, token, confirmed))
        self._shut_out.announce(account.id, ended, now)

    def _use_in(
        self, tx: Tx, actor: Actor, token: str, confirmed: Collection[str]
    ) -> tuple[Account, list[str], datetime]:
        link = links.find_live(tx, token, LinkPurpose.UNDO_EMAIL, now=self._clock.now())
        held = store.hold_account(tx, link.account_id)
        now = self._clock.now()
        links.redeem(tx, token, LinkPurpose.UNDO_EMAIL, now=now)
        if held is None:
            raise LinkSpent("the account was deleted since the mail was sent")
        key = email_key(link.email).key
        account = account_store.verify_email(tx, held.id, link.email, key, now=now)
        if account is None:
            raise EmailTaken("another account has proven the address that was left")
        self._feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        # A later mailbox of the thief's has such a link too.
        links.withdraw(tx, account.id, LinkPurpose.UNDO_EMAIL, now=now)
        self._put_aside_in(tx, actor, link, confirmed, now)
        ended = self._shut_out.all_in(tx, actor, account, EndReason.TAKEN_BACK, now=now)
        self._tell_loser_in(tx, held, key, now)
        since = (link.created_at - _BEFORE_THE_MOVE).isoformat()
        self._audit.record(tx, actor, now, EmailMoveUndone(account_id=account.id, since=since))
        return account, ended, now

    def _put_aside_in(
        self, tx: Tx, actor: Actor, link: Link, confirmed: Collection[str], now: datetime
    ) -> None:
        had = authenticator_store.list_of(tx, link.account_id)
        if not had:
            return  # an earlier wait goes on
        kept = {each.id for each in _from_before(tx, link) if each.id in confirmed}
        # Whatever its age: the owner may have enrolled it since the move, and the mailbox that was
        # left be another's by now.
        self._shut_out.put_aside_in(tx, actor, link.account_id, kept, now=now)

    def _tell_loser_in(self, tx: Tx, held: Account, key: str, now: datetime) -> None:
        """The owner, where somebody else took over the mailbox that was left."""
        if held.email_verified and held.email_key != key:
            template, values = NoticeTemplate.EMAIL_TAKEN_BACK, {"username": held.username}
            self._notices.send_in(tx, Notice(template, held.email, held.locale, values), now)


def _from_before(tx: Tx, link: Link) -> tuple[Authenticator, ...]:
    """What was enrolled before the move can have begun: what may be the owner's."""
    since = link.created_at - _BEFORE_THE_MOVE
    enrolled = authenticator_store.list_of(tx, link.account_id)
    return tuple(each for each in enrolled if each.created_at < since)
