"""Listing, naming and removing authenticators. Enrolling one is its factor's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from portero.core.accounts.telling import OwnerTold
from portero.core.audit import Actor, AuditLog
from portero.core.authenticators import store
from portero.core.authenticators.errors import NoSuchAuthenticator
from portero.core.authenticators.events import FactorEnrolled, FactorRemoved, FactorRenamed
from portero.core.authenticators.model import Authenticator, FactorKind
from portero.core.authenticators.ports import StillIn
from portero.core.notices import NoticeTemplate
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice

_NAME_CAP = 100


@dataclass(frozen=True, slots=True)
class Authenticators:
    db: Database
    clock: Clock
    dice: Dice
    audit: AuditLog
    owner: OwnerTold
    still_in: StillIn

    def list_of(self, account_id: str) -> tuple[Authenticator, ...]:
        return self.db.read(lambda tx: store.list_of(tx, account_id))

    def add_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        kind: FactorKind,
        name: str,
        *,
        now: datetime,
        told: bool = True,
    ) -> Authenticator:
        """For a factor, in the transaction in which it keeps its secret. The owner is told, but for
        what came with the account from elsewhere."""
        made = Authenticator(self.dice.new_id(), account_id, kind, _called(name), now)
        store.add(tx, made)
        event = FactorEnrolled(account_id=account_id, factor=kind, authenticator_id=made.id)
        self.audit.record(tx, actor, now, event)
        if told:
            self._tell_in(tx, NoticeTemplate.FACTOR_ADDED, account_id, kind, now=now)
        return made

    def rename(self, actor: Actor, account_id: str, authenticator_id: str, name: str) -> None:
        """Whoever asks has just proven who they are: under the owner's word for her own a thief's
        would hide. Raises `NoSuchAuthenticator`, `SessionEnded`."""
        called, now = _called(name), self.clock.now()

        def unit(tx: Tx) -> bool:
            self.still_in(tx, actor)
            renamed = store.rename(tx, account_id, authenticator_id, called)
            if renamed:
                event = FactorRenamed(account_id=account_id, authenticator_id=authenticator_id)
                self.audit.record(tx, actor, now, event)
            return renamed

        if not self.db.write(unit):
            raise NoSuchAuthenticator(f"{authenticator_id} is none of {account_id}")

    def remove_but_in(
        self, tx: Tx, actor: Actor, account_id: str, kept: Collection[str], *, now: datetime
    ) -> None:
        """All but those prove nothing any more: somebody else was in."""
        for each in store.list_of(tx, account_id):
            if each.id not in kept and store.remove(tx, account_id, each.id) is not None:
                self._removed_in(tx, actor, account_id, each.id, each.kind, now=now)
        self._drop_lone_codes_in(tx, actor, account_id, now=now)

    def remove(self, actor: Actor, account_id: str, authenticator_id: str) -> None:
        """Its secret goes with it, and with the last one the recovery codes. Raises
        `NoSuchAuthenticator`, `SessionEnded`."""
        now = self.clock.now()

        def unit(tx: Tx) -> FactorKind | None:
            self.still_in(tx, actor)
            kind = store.remove(tx, account_id, authenticator_id)
            if kind is not None:
                self._removed_in(tx, actor, account_id, authenticator_id, kind, now=now)
                self._tell_in(tx, NoticeTemplate.FACTOR_REMOVED, account_id, kind, now=now)
                self._drop_lone_codes_in(tx, actor, account_id, now=now)
            return kind

        if self.db.write(unit) is None:
            raise NoSuchAuthenticator(f"{authenticator_id} is none of {account_id}")

    def remove_all(self, actor: Actor, account_id: str) -> int:
        """Everything that is enrolled, for somebody who has lost it; how many there were. The next
        sign-in asks for the password alone, unless a factor is required."""
        now = self.clock.now()

        def unit(tx: Tx) -> int:
            found = store.list_of(tx, account_id)
            for one in found:
                if store.remove(tx, account_id, one.id) is not None:
                    self._removed_in(tx, actor, account_id, one.id, one.kind, now=now)
                    self._tell_in(tx, NoticeTemplate.FACTOR_REMOVED, account_id, one.kind, now=now)
            return len(found)

        return self.db.write(unit)

    def _removed_in(
        self,
        tx: Tx,
        actor: Actor,
        account_id: str,
        authenticator_id: str,
        kind: FactorKind,
        *,
        now: datetime,
    ) -> None:
        store.end_grace(tx, account_id, now=now)
        event = FactorRemoved(account_id=account_id, factor=kind, authenticator_id=authenticator_id)
        self.audit.record(tx, actor, now, event)

    def _drop_lone_codes_in(self, tx: Tx, actor: Actor, account_id: str, *, now: datetime) -> None:
        """Recovery codes stand in for another factor: without one they would be a second password
        that nobody knows about."""
        left = store.list_of(tx, account_id)
        if any(each.kind is not FactorKind.RECOVERY_CODE for each in left):
            return
        for each in left:
            store.remove(tx, account_id, each.id)
            self._removed_in(tx, actor, account_id, each.id, each.kind, now=now)

    def _tell_in(
        self, tx: Tx, template: NoticeTemplate, account_id: str, kind: FactorKind, *, now: datetime
    ) -> None:
        self.owner.tell_in(tx, account_id, template, {"factor": kind.value}, now=now)


def _called(name: str) -> str:
    """What people type, without what can't be shown (and PostgreSQL can't store: NUL)."""
    return "".join(char for char in name if char.isprintable()).strip()[:_NAME_CAP]
