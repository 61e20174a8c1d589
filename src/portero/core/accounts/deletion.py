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
from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.notices import Notice, Notices, NoticeTemplate
from portero.kit.db import Tx


@dataclass(frozen=True, slots=True)
class Deletions:
    audit: AuditLog
    feed: ChangeFeed
    notices: Notices

    def ask_in(
        self, tx: Tx, actor: Actor, account: Account, due_at: datetime, *, now: datetime
    ) -> None:
        """From now on it is deleted at that moment, unless its owner comes back. The verb also ends
        its sessions and grants."""
        store.set_deletion(tx, account.id, due_at, now=now)
        self.feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        self.audit.record(tx, actor, now, AccountDeletionAsked(account_id=account.id))
        seconds = str(int((due_at - now).total_seconds()))
        self.tell_in(
            tx, NoticeTemplate.DELETION_ASKED, account, now=now, more={"lifetime_seconds": seconds}
        )

    def keep_in(self, tx: Tx, actor: Actor, account: Account, *, now: datetime) -> Account:
        """The owner has come back."""
        store.set_deletion(tx, account.id, None, now=now)
        self.feed.tell(tx, ChangeKind.ACCOUNT_CHANGED, account.id)
        self.audit.record(tx, actor, now, AccountKept(account_id=account.id))
        self.tell_in(tx, NoticeTemplate.ACCOUNT_KEPT, account, now=now)
        return replace(account, deletion_due_at=None)

    def tell_in(
        self,
        tx: Tx,
        template: NoticeTemplate,
        account: Account,
        *,
        now: datetime,
        more: dict[str, str] | None = None,
    ) -> None:
        """To the proven mailbox, if there is one."""
        if account.email_verified:
            values = {"username": account.username, **(more or {})}
            self.notices.send_in(tx, Notice(template, account.email, account.locale, values), now)
