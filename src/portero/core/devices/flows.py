"""Knowing, trusting and forgetting devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portero.core.audit import Actor, AuditLog
from portero.core.devices import store
from portero.core.devices.errors import NoSuchDevice
from portero.core.devices.events import DeviceForgotten, DeviceTrusted
from portero.core.devices.model import Device
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import Secret, fingerprint

# More than anybody has; for a page.
_MOST_LISTED: Final = 100
# Accounts that one browser is known to, the last ones: a cookie of 350 characters.
_MOST_ACCOUNTS: Final = 8


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """`trust_for` is how long a device may stand in for the second factor; zero: never."""

    db: Database
    clock: Clock
    dice: Dice
    audit: AuditLog
    trust_for: timedelta

    # --- within a sign-in ---------------------------------------------------------------------

    def is_trusted_in(self, tx: Tx, account_id: str, cookie: str, *, now: datetime) -> bool:
        """Whether the owner has said so, in that browser, and not too long ago."""
        if not cookie or not self.trust_for:
            return False
        found = store.find_one_of(tx, account_id, marks_of(cookie))
        return found is not None and found.is_trusted(now)

    def knew_in(self, tx: Tx, account_id: str, cookie: str, *, before: datetime) -> bool:
        """Whether the account was signed in to in that browser before that moment."""
        found = store.find_one_of(tx, account_id, marks_of(cookie)) if cookie else None
        return found is not None and found.created_at < before

    def knows_in(self, tx: Tx, account_id: str, cookie: str) -> bool:
        """Whether the account was signed in to in that browser."""
        return bool(cookie) and store.find_one_of(tx, account_id, marks_of(cookie)) is not None

    def budget_in(self, tx: Tx, account_id: str, marks: Sequence[str]) -> str:
        """Under what tries at that account are counted in the browser with those marks: one that it
        knows has a budget of its own, so that strangers use up none of its owner's."""
        found = store.find_one_of(tx, account_id, marks[-_MOST_ACCOUNTS:])
        return account_id if found is None else found.budget

    def forget_budget_in(
        self, tx: Tx, actor: Actor, account_id: str, budget: str, *, now: datetime
    ) -> None:
        """The account knows the browser of that budget no more."""
        device_id = budget.removeprefix(f"{account_id} ")
        if store.forget(tx, account_id, device_id):
            event = DeviceForgotten(account_id=account_id, device_id=device_id)
            self.audit.record(tx, actor, now, event)

    def see_in(
        self, tx: Tx, actor: Actor, account_id: str, cookie: str, *, trust: bool, now: datetime
    ) -> Secret:
        """Somebody has signed in to the account there; the new value of the device's cookie.

        It holds a secret for each account that was signed in to, so that two who share a browser
        don't make each other strangers. One that this account does not know is never adopted:
        whoever planted it would have a device that the account knows.
        """
        user_agent = actor.origin.user_agent[:512]
        device = store.find_one_of(tx, account_id, marks_of(cookie))
        if device is None:
            secret = self.dice.token()
            device = Device(self.dice.new_id(), account_id, now, now, None, user_agent)
            store.add(tx, device, fingerprint(secret))
            cookie = ".".join([*_secrets(cookie), secret][-_MOST_ACCOUNTS:])
        else:
            store.see(tx, device.id, user_agent, now=now)
        if trust and self.trust_for:
            until = now + self.trust_for
            store.trust(tx, device.id, until=until)
            trusted = DeviceTrusted(
                account_id=account_id, device_id=device.id, until=until.isoformat()
            )
            self.audit.record(tx, actor, now, trusted)
        return Secret(cookie)

    # --- for the owner ------------------------------------------------------------------------

    def list_of(self, account_id: str) -> list[Device]:
        return self.db.read(lambda tx: store.list_of(tx, account_id, limit=_MOST_LISTED))

    def forget(self, actor: Actor, account_id: str, device_id: str) -> None:
        """Raises `NoSuchDevice`."""
        now = self.clock.now()

        def unit(tx: Tx) -> bool:
            gone = store.forget(tx, account_id, device_id)
            if gone:
                event = DeviceForgotten(account_id=account_id, device_id=device_id)
                self.audit.record(tx, actor, now, event)
            return gone

        if not self.db.write(unit):
            raise NoSuchDevice(f"{device_id} is none of {account_id}")


def _secrets(cookie: str) -> list[str]:
    return [each for each in cookie.split(".") if each][-_MOST_ACCOUNTS:]


def marks_of(cookie: str) -> list[str]:
    """The hashes of the secrets in it."""
    return [fingerprint(each) for each in _secrets(cookie)]
