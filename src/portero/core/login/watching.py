"""Telling the owner of what may be somebody else's doing: a sign-in in a browser that the account
did not know, and one that had the password and never came to its end.

Neither is told to whoever sits there, and neither stops anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts.model import Account
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor
from portero.core.devices import KnownDevices
from portero.core.limits import Limits
from portero.core.login import rules, store
from portero.core.login.model import InBrowser, Interaction
from portero.core.notices import NoticeTemplate
from portero.core.outbox import Outbox
from portero.core.sessions import store as session_store
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# The outbox job that looks whether a sign-in came to its end.
SIGN_IN_LEFT: Final = "sign_in_left"
# Whoever has just made an account knows from where.
_ACCOUNT_IS_NEW: Final = timedelta(days=1)
_MOST_LOOKED_AT: Final = 10


@dataclass(frozen=True, slots=True)
class Watch:
    db: Database
    clock: Clock
    limits: Limits
    outbox: Outbox
    devices: KnownDevices
    owner: OwnerTold

    def new_device_in(
        self, tx: Tx, actor: Actor, account: Account, factor: str, *, now: datetime
    ) -> None:
        """Somebody has signed in where the account was not known. A sign-in by mail was told by
        the mail itself."""
        if factor == rules.MAILBOX or account.created_at > now - _ACCOUNT_IS_NEW:
            return
        told = {"user_agent": actor.origin.user_agent[:512]}
        self.owner.tell_in(tx, account.id, NoticeTemplate.NEW_DEVICE, told, now=now)

    def begun_in(
        self,
        tx: Tx,
        actor: Actor,
        under_way: Interaction,
        in_browser: InBrowser | None,
        *,
        now: datetime,
    ) -> None:
        """A second factor is owed: look, when its time is over, whether it came. In a browser that
        the account knows it is the owner, who left the phone elsewhere."""
        devices = in_browser.devices if in_browser else ""
        if self.devices.knew_in(tx, under_way.account_id, devices, before=now):
            return
        looked_for = {
            "interaction": under_way.id,
            "account": under_way.account_id,
            "address": actor.origin.address,
            "since": under_way.created_at.isoformat(),
        }
        self.outbox.enqueue(tx, SIGN_IN_LEFT, looked_for, now=now, due_at=under_way.expires_at)

    def follow(self, payload: Mapping[str, object]) -> None:
        """Deliver a `SIGN_IN_LEFT` job."""
        now = self.clock.now()
        left = {name: str(payload[name]) for name in ("interaction", "account", "address", "since")}
        self.db.write(lambda tx: self._tell_in(tx, left, now))

    def _tell_in(self, tx: Tx, left: Mapping[str, str], now: datetime) -> None:
        """Once a day at most. Whoever began twice and ended once, from the same address, is the
        owner, who had loaded the page again."""
        account_id = left["account"]
        if not store.is_there(tx, left["interaction"]):
            return
        since = datetime.fromisoformat(left["since"])
        live = session_store.list_live(tx, account_id, now=now, limit=_MOST_LOOKED_AT)
        if any(each.auth_time >= since and each.address == left["address"] for each in live):
            return
        if self.limits.spend(tx, rules.LEFT_MAIL_BY_ACCOUNT, account_id, now=now) is None:
            self.owner.tell_in(tx, account_id, NoticeTemplate.SIGN_IN_LEFT, {}, now=now)
