"""Shutting everybody out of an account, when whoever owns it says that somebody else is in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.authenticators import Authenticators
from portero.core.authenticators import store as authenticator_store
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.factors.password import Passwords
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.model import SignInPolicy
from portero.core.login.recovery import RECOVERY_ASKED
from portero.core.outbox import Outbox
from portero.core.sessions import EndReason, Sessions
from portero.kit.db import Tx


@dataclass(frozen=True, slots=True)
class ShutOut:
    passwords: Passwords
    authenticators: Authenticators
    sessions: Sessions
    limits: Limits
    outbox: Outbox
    feed: ChangeFeed
    policy: SignInPolicy

    def all_in(
        self, tx: Tx, actor: Actor, account: Account, reason: EndReason, *, now: datetime
    ) -> list[str]:
        """Nobody is in any more, and the password is gone: a new one is chosen by a link that is
        mailed at once. The sessions that ended; `announce` them after the commit."""
        store.end_of_account(tx, account.id, now=now)
        self.passwords.remove_in(tx, account.id)
        account_store.void_grants(tx, account.id, now=now)
        self.feed.note(tx, ChangeKind.GRANTS_VOIDED, account.id)
        ended = self.sessions.end_in(tx, actor, account.id, now=now, reason=reason)
        # The earlier links are dead now: whoever was in could have used up those that may be sent.
        self.limits.clear(tx, rules.RECOVERY_MAIL_BY_ACCOUNT, account.id)
        self.outbox.enqueue(tx, RECOVERY_ASKED, {"identifier": account.username}, now=now)
        return ended

    def put_aside_in(
        self, tx: Tx, actor: Actor, account_id: str, kept: set[str], *, now: datetime
    ) -> None:
        """What is enrolled and not `kept` proves nothing any more. Where that leaves nothing
        that is asked for, the mailbox alone would be a way around it: it has to wait
        (`rules.owed`)."""
        self.authenticators.remove_but_in(tx, actor, account_id, kept, now=now)
        left = {each.kind for each in authenticator_store.list_of(tx, account_id)}
        values = {"factors_put_aside_at": None if rules.usable(left, self.policy) else now}
        account_store.change(tx, account_id, values, now=now)

    def announce(self, account_id: str, ended: list[str], now: datetime) -> None:
        self.sessions.announce(ended, now)
        self.feed.apply_now(ChangeKind.GRANTS_VOIDED, account_id, now)
