"""Listing, naming and removing authenticators. Enrolling one is its factor's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import store
from portero.core.authenticators.errors import NoSuchAuthenticator
from portero.core.authenticators.events import FactorEnrolled, FactorRemoved
from portero.core.authenticators.model import Authenticator, FactorKind
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice

_NAME_CAP = 100


@dataclass(frozen=True, slots=True)
class Authenticators:
    db: Database
    clock: Clock
    dice: Dice
    audit: AuditLog

    def list_of(self, account_id: str) -> tuple[Authenticator, ...]:
        return self.db.read(lambda tx: store.list_of(tx, account_id))

    def add_in(
        self, tx: Tx, actor: Actor, account_id: str, kind: FactorKind, name: str, *, now: datetime
    ) -> Authenticator:
        """For a factor, in the transaction in which it keeps its secret."""
        made = Authenticator(self.dice.new_id(), account_id, kind, name.strip()[:_NAME_CAP], now)
        store.add(tx, made)
        event = FactorEnrolled(account_id=account_id, factor=kind, authenticator_id=made.id)
        self.audit.record(tx, actor, now, event)
        return made

    def rename(self, account_id: str, authenticator_id: str, name: str) -> None:
        """Raises `NoSuchAuthenticator`."""
        called = name.strip()[:_NAME_CAP]
        renamed = self.db.write(lambda tx: store.rename(tx, account_id, authenticator_id, called))
        if not renamed:
            raise NoSuchAuthenticator(f"{authenticator_id} is none of {account_id}")

    def remove_since_in(
        self, tx: Tx, actor: Actor, account_id: str, moment: datetime, *, now: datetime
    ) -> None:
        """What was enrolled from that moment on proves nothing any more: somebody else was in."""
        for authenticator_id, kind in store.remove_since(tx, account_id, moment):
            event = FactorRemoved(
                account_id=account_id, factor=kind, authenticator_id=authenticator_id
            )
            self.audit.record(tx, actor, now, event)

    def remove(self, actor: Actor, account_id: str, authenticator_id: str) -> None:
        """Its secret goes with it. Raises `NoSuchAuthenticator`."""
        now = self.clock.now()

        def unit(tx: Tx) -> FactorKind | None:
            kind = store.remove(tx, account_id, authenticator_id)
            if kind is not None:
                event = FactorRemoved(
                    account_id=account_id, factor=kind, authenticator_id=authenticator_id
                )
                self.audit.record(tx, actor, now, event)
            return kind

        if self.db.write(unit) is None:
            raise NoSuchAuthenticator(f"{authenticator_id} is none of {account_id}")
