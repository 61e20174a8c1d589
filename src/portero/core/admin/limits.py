"""An operator looks at what somebody has left of their tries, and gives them new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.core.admin.events import LimitsCleared
from portero.core.audit import Actor, AuditLog
from portero.core.devices import store as devices
from portero.core.limits import AddressPolicy, LimitPolicy, Limits, VolumePolicy
from portero.core.sessions import store as sessions
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock

# What a policy counts is the end of its name; `tests/unit/cli/test_limits.py` holds it to that.
_OF_ACCOUNTS: Final = ("_by_account", "_by_owner")
_MOST_DEVICES: Final = 100
_MOST_SESSIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Spent:
    """How many tries were spent under one policy in the present window."""

    policy: LimitPolicy
    tries: int


class LimitDesk:
    """`policies` are all that there are. Those that each process counts by itself are out of reach
    of any other."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        policies: Iterable[LimitPolicy],
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        counted = [each for each in policies if not isinstance(each, VolumePolicy)]
        self._of_addresses = [each for each in counted if isinstance(each, AddressPolicy)]
        self._of_accounts = [each for each in counted if each.name.endswith(_OF_ACCOUNTS)]

    def of_account(self, account_id: str) -> list[Spent]:
        """What is spent at the account by everybody but the browsers that it knows."""
        return self._look([(policy, account_id) for policy in self._of_accounts])

    def of_address(self, address: str) -> list[Spent]:
        """What is spent by the address, and by its network."""
        return self._look([(policy, address) for policy in self._of_addresses])

    def clear_account(self, actor: Actor, account_id: str) -> None:
        """New tries for the account, in the browsers that it knows and in its sessions too."""
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            for subject in _subjects_in(tx, account_id, now):
                for policy in self._of_accounts:
                    self._limits.clear(tx, policy, subject)
            event = LimitsCleared(account_id=account_id)
            self._audit.record(tx, actor, now, event)

        self._db.write(unit)

    def clear_address(self, actor: Actor, address: str) -> None:
        """New tries for the address and for its network."""

        def unit(tx: Tx) -> None:
            for policy in self._of_addresses:
                self._limits.clear(tx, policy, address)
            event = LimitsCleared(address=address)
            self._audit.record(tx, actor, self._clock.now(), event)

        self._db.write(unit)

    def _look(self, tries: list[tuple[LimitPolicy, str]]) -> list[Spent]:
        now = self._clock.now()
        found = self._db.read(lambda tx: self._limits.look(tx, *tries, now=now))
        return [Spent(policy, spent) for policy, spent in found]


def _subjects_in(tx: Tx, account_id: str, now: datetime) -> Iterator[str]:
    yield account_id
    for device in devices.list_of(tx, account_id, limit=_MOST_DEVICES):
        yield device.budget
    for session in sessions.list_live(tx, account_id, now=now, limit=_MOST_SESSIONS):
        yield session.id
