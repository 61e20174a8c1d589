"""Each process's memory of accounts, for what is asked often and changes seldom."""

from __future__ import annotations

from typing import Final

from portero.core.accounts import store
from portero.core.accounts.model import Account
from portero.core.changes import ChangeFeed, ChangeKind, Memory
from portero.kit.db import Database
from portero.kit.ports import Clock

CAPACITY: Final = 4096  # accounts; some 2 kB each


class AccountCache:
    """A change is seen at once in its own process, and in the others within a second: whoever has
    to know what is true at this moment reads the row in his transaction."""

    def __init__(
        self, *, db: Database, clock: Clock, feed: ChangeFeed, capacity: int = CAPACITY
    ) -> None:
        self._db = db
        self._kept = Memory[Account](feed, clock, ChangeKind.ACCOUNT_CHANGED, capacity=capacity)

    def find(self, account_id: str) -> Account | None:
        """The account, disabled ones included. No statement once it is in memory."""
        return self._kept.find(account_id) or self._kept.load(
            account_id, lambda: self._db.read(lambda tx: store.find(tx, account_id))
        )
