"""Offering a passkey to somebody who just typed a password, and not again for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from portero.core.factors.passkey import store
from portero.kit.db import Database
from portero.kit.ports import Clock, Dice


@dataclass(frozen=True, slots=True)
class PasskeyOffers:
    """`after` is for how long "not now" is an answer."""

    db: Database
    clock: Clock
    dice: Dice
    after: timedelta

    def is_due(self, account_id: str) -> bool:
        """Whether the account has no passkey, and was not asked lately."""
        since = self.clock.now() - self.after
        return self.db.read(lambda tx: store.is_offer_due(tx, account_id, since=since))

    def decline(self, account_id: str) -> None:
        now, fresh = self.clock.now(), self.dice.token()
        self.db.write(lambda tx: store.decline_offer(tx, account_id, fresh=fresh, now=now))
