"""The owner reads in a mail what happened to the account, and says "it was not me".

Whoever did it was signed in, or knew the password: all of that ends, and so does what was begun.
What was enrolled since the oldest mail whose link is still live is gone with it, whichever mail the
owner opens: a thief's own factor would open the account again, and it is his to have one more mail
written after it. What was enrolled before stays, and is asked for. So the account is as strong as
it was when that mail was written, and where nothing is left the mailbox has to wait
(`ShutOut.put_aside_in`): the link is no way around a second factor. Only the mailbox that the
account has now can freeze it; one that was left takes the account back (`taking_back.py`), by the
rules that stand there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portero.core import links
from portero.core.accounts import store as account_store
from portero.core.accounts.deletion import Deletions
from portero.core.accounts.errors import NoSuchAccount
from portero.core.accounts.events import AccountChanged
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import store as authenticator_store
from portero.core.changes import ChangeKind
from portero.core.devices import store as device_store
from portero.core.links import Link, LinkPurpose, LinkSpent
from portero.core.login import store
from portero.core.login.errors import NoMailbox
from portero.core.login.events import AccountFrozen
from portero.core.login.shutting_out import ShutOut
from portero.core.notices import NoticeTemplate
from portero.core.sessions import EndReason
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# What an operator's freeze is about.
BY_OPERATOR: Final = "operator"
# A thief is new. Browsers that were known for longer stay known: in them the owner need not wait
# where somebody else reads the mailbox (`waits.py`), and is the one who does.
_SETTLED: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Freezing:
    db: Database
    clock: Clock
    audit: AuditLog
    shut_out: ShutOut
    deletions: Deletions
    owner: OwnerTold

    def look(self, token: str) -> Account:
        """Whose account it is. Raises `LinkSpent` for a link that would open nothing; spends
        nothing."""
        now = self.clock.now()

        def unit(tx: Tx) -> Account:
            link = links.find_live(tx, token, LinkPurpose.FREEZE, now=now)
            return _still_its(account_store.find(tx, link.account_id), link)

        return self.db.read(unit)

    def use(self, actor: Actor, token: str) -> None:
        """Freeze the account; the owner is mailed a link to a new password. Raises `LinkSpent`.

        Not counted by address: nobody guesses a link, and a thief on the owner's network could use
        up what the address has. What it causes is bounded by the mails that have such links."""

        def unit(tx: Tx) -> tuple[str, list[str], datetime]:
            link = links.find_live(tx, token, LinkPurpose.FREEZE, now=self.clock.now())
            held = store.hold_account(tx, link.account_id)
            now = self.clock.now()
            account = _still_its(held, link)
            told = links.list_live(tx, account.id, LinkPurpose.FREEZE, account.email, now=now)
            links.redeem(tx, token, LinkPurpose.FREEZE, now=now)
            since = told[0].created_at
            if any(each.about == NoticeTemplate.PHONE_CHANGED.label for each in told):
                account = self._doubt_phone_in(tx, actor, account, now)
            return account.id, self._freeze_in(tx, actor, account, link.about, since, now), now

        self.shut_out.announce(*self.db.write(unit))

    def by_operator(self, actor: Actor, account_id: str, *, for_good: bool = False) -> int:
        """The same, of what has happened until now: all that is enrolled stays, which is another
        verb's to remove. How many sessions ended. Raises `NoSuchAccount`, and `NoMailbox` where a
        password is gone `for_good`."""

        def unit(tx: Tx) -> tuple[list[str], datetime]:
            account = store.hold_account(tx, account_id)
            if account is None:
                raise NoSuchAccount(account_id)
            if not account.email_verified and not for_good:
                raise NoMailbox(f"{account_id} has no proven mailbox")
            now = self.clock.now()
            return self._freeze_in(tx, actor, account, BY_OPERATOR, now, now), now

        ended, now = self.db.write(unit)
        self.shut_out.announce(account_id, ended, now)
        return len(ended)

    def _doubt_phone_in(self, tx: Tx, actor: Actor, account: Account, now: datetime) -> Account:
        """A thief proved a number of his own: applications would take it for the owner's."""
        changed = account_store.change(tx, account.id, {"phone_verified": False}, now=now)
        event = AccountChanged(account_id=account.id, changed=("phone_verified",))
        self.audit.record(tx, actor, now, event)
        self.shut_out.feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        return changed or account

    def _freeze_in(
        self,
        tx: Tx,
        actor: Actor,
        account: Account,
        about: str,
        since: datetime,
        now: datetime,
    ) -> list[str]:
        enrolled = authenticator_store.list_of(tx, account.id)
        kept = {each.id for each in enrolled if each.created_at < since}
        if len(kept) < len(enrolled):
            self.shut_out.put_aside_in(tx, actor, account.id, kept, now=now)
        device_store.forget_known_since(tx, account.id, since - _SETTLED)
        # The links of earlier mails are about what is over now.
        links.withdraw(tx, account.id, LinkPurpose.FREEZE, now=now)
        if account.deletion_due_at is not None:
            self.deletions.drop_in(tx, actor, account, now=now)
        ended = self.shut_out.all_in(tx, actor, account, EndReason.FROZEN, now=now)
        self.owner.tell_account_in(tx, account, NoticeTemplate.ACCOUNT_FROZEN, {}, now=now)
        # An operator knows of no beginning.
        began = since - _SETTLED if about == BY_OPERATOR else since
        frozen = AccountFrozen(account_id=account.id, about=about, since=began.isoformat())
        self.audit.record(tx, actor, now, frozen)
        return ended


def _still_its(account: Account | None, link: Link) -> Account:
    """Raises `LinkSpent` where the account is gone, or has left that mailbox."""
    if account is None or not account.is_active or not account.email_verified:
        raise LinkSpent("the account is gone, not active, or has no mailbox")
    if account.email != link.email:
        raise LinkSpent("the account has left that mailbox")
    return account
