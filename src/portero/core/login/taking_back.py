"""The mailbox that an account has left says "it was not me", and takes the account back.

Whoever moved the address was signed in, knew the password or had enrolled something of their own:
all of that ends. The owner chooses a new password by a link that is mailed to the mailbox at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portero.core import links
from portero.core.accounts import store as account_store
from portero.core.accounts.email import VERIFY_LINK_LIFETIME
from portero.core.accounts.errors import EmailTaken
from portero.core.accounts.model import Account
from portero.core.accounts.names import email_key
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import Authenticators
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.factors.password import Passwords
from portero.core.links import LinkPurpose, LinkSpent
from portero.core.login import store
from portero.core.login.events import EmailMoveUndone
from portero.core.login.recovery import RECOVERY_ASKED
from portero.core.outbox import Outbox
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# A move takes two mails, each of which may wait for as long as its link lives: this much before its
# end is before its beginning, with an hour for a slow outbox.
_BEFORE_THE_MOVE: Final = 2 * VERIFY_LINK_LIFETIME + timedelta(hours=1)


class TakingBack:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        passwords: Passwords,
        authenticators: Authenticators,
        sessions: Sessions,
        outbox: Outbox,
        feed: ChangeFeed,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._passwords = passwords
        self._authenticators = authenticators
        self._sessions = sessions
        self._outbox = outbox
        self._feed = feed

    def look(self, token: str) -> None:
        """Raise `LinkSpent` for a link that would open nothing; spends nothing."""
        now = self._clock.now()
        self._db.read(lambda tx: links.find_live(tx, token, LinkPurpose.UNDO_EMAIL, now=now))

    def use(self, actor: Actor, token: str) -> None:
        """The address is the link's again. Raises `LinkSpent`, and `EmailTaken` when another
        account has proven it since."""
        account, ended, now = self._db.write(lambda tx: self._use_in(tx, actor, token))
        self._sessions.announce(ended, now)
        self._feed.apply_now(ChangeKind.GRANTS_VOIDED, account.id, now)

    def _use_in(self, tx: Tx, actor: Actor, token: str) -> tuple[Account, list[str], datetime]:
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
        store.end_of_account(tx, account.id, now=now)
        self._passwords.remove_in(tx, account.id)
        since = link.created_at - _BEFORE_THE_MOVE
        self._authenticators.remove_since_in(tx, actor, account.id, since, now=now)
        account_store.void_grants(tx, account.id, now=now)
        self._feed.note(tx, ChangeKind.GRANTS_VOIDED, account.id)
        ended = self._sessions.end_in(tx, actor, account.id, now=now, reason=EndReason.TAKEN_BACK)
        self._outbox.enqueue(tx, RECOVERY_ASKED, {"identifier": link.email}, now=now)
        self._audit.record(tx, actor, now, EmailMoveUndone(account_id=account.id))
        return account, ended, now
