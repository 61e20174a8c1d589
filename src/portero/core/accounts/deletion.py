"""Leaving: an account that is to be deleted waits for a while, and its owner can still keep it.

While it waits it is active and signed in nowhere: whoever signs in is asked first whether it is to
be kept (`Owed.KEEP_ACCOUNT`). Deleting it when the time is over is a room above.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from portero.core.accounts import store
from portero.core.accounts.events import AccountDeletionAsked, AccountKept
from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.notices import NoticeTemplate
from portero.kit.db import Tx


@dataclass(frozen=True, slots=True)
class Deletions:
    audit: AuditLog
    feed: ChangeFeed
    owner: OwnerTold

    def ask_in(
        self, tx: Tx, actor: Actor, account: Account, due_at: datetime, *, now: datetime
    ) -> None:
        """From now on it is deleted at that moment, unless its owner comes back. The verb also ends
        its sessions and grants."""
        store.set_deletion(tx, account.id, due_at, now=now)
        self.feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        self.audit.record(tx, actor, now, AccountDeletionAsked(account_id=account.id))
        told = {"lifetime_seconds": str(int((due_at - now).total_seconds()))}
        self.owner.tell_account_in(tx, account, NoticeTemplate.DELETION_ASKED, told, now=now)

    def keep_in(self, tx: Tx, actor: Actor, account: Account, *, now: datetime) -> Account:
        """The owner has come back."""
        kept = self.drop_in(tx, actor, account, now=now)
        self.owner.tell_account_in(tx, account, NoticeTemplate.ACCOUNT_KEPT, {}, now=now)
        return kept

    def drop_in(self, tx: Tx, actor: Actor, account: Account, *, now: datetime) -> Account:
        """It is not to be deleted any more; whoever asks tells the owner."""
        store.set_deletion(tx, account.id, None, now=now)
        self.feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        self.audit.record(tx, actor, now, AccountKept(account_id=account.id))
        return replace(account, deletion_due_at=None)
