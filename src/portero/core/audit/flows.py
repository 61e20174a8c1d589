"""Recording in the verb's own transaction, and reading back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from portero.core.audit import store
from portero.core.audit.model import Actor, Entry, Event
from portero.kit.db import Database, Tx, after_commit
from portero.kit.ports import Dice, Meter, NoMeter

_USER_AGENT_LENGTH: Final = 512
LIST_LIMIT: Final = 1000


class AuditLog:
    def __init__(self, db: Database, dice: Dice, *, meter: Meter | None = None) -> None:
        self._db = db
        self._dice = dice
        self._meter = meter or NoMeter()

    def record(self, tx: Tx, actor: Actor, now: datetime, *events: Event) -> None:
        """Add the events to the verb's transaction, in one statement."""
        store.append(tx, [self.entry_of(actor, now, event) for event in events])
        after_commit(tx, lambda: self._count(events))

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self._meter.event(event.kind, event.outcome)

    def list_entries(
        self,
        *,
        kind: str | None = None,
        account_id: str | None = None,
        before_id: str | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """The newest entries first, at most `LIST_LIMIT`."""
        kinds = None if kind is None else (kind,)
        return self._list(kinds, account_id, before_id, limit)

    def list_of_account(
        self, account_id: str, *, kinds: Collection[str], before_id: str | None, limit: int
    ) -> list[Entry]:
        """What its owner is shown of it: entries of these kinds, the newest first."""
        return self._list(kinds, account_id, before_id, limit)

    def find(self, entry_id: str) -> Entry | None:
        return self._db.read(lambda tx: store.find(tx, entry_id))

    def since(self, moment: datetime, *, kinds: Collection[str]) -> Iterator[Entry]:
        """All entries of these kinds from then on, the newest first, page by page."""
        before_id = None
        while page := self._list(kinds, None, before_id, LIST_LIMIT):
            for entry in page:
                if entry.at < moment:
                    return
                yield entry
            before_id = page[-1].id

    def _list(
        self,
        kinds: Collection[str] | None,
        account_id: str | None,
        before_id: str | None,
        limit: int,
    ) -> list[Entry]:
        size = max(1, min(limit, LIST_LIMIT))
        return self._db.read(
            lambda tx: store.list_entries(
                tx, kinds=kinds, account_id=account_id, before_id=before_id, limit=size
            )
        )

    def entry_of(self, actor: Actor, now: datetime, event: Event) -> Entry:
        """The event as it is stored, and counted nowhere yet."""
        return Entry(
            id=self._dice.new_id(),
            at=now,
            kind=event.kind,
            outcome=event.outcome,
            actor_kind=actor.kind,
            actor_id=actor.id,
            account_id=event.account_id,
            session_id=event.session_id or actor.session_id,
            client_id=event.client_id or actor.client_id,
            factor=event.factor,
            request_id=actor.origin.request_id,
            address=actor.origin.address,
            user_agent=actor.origin.user_agent[:_USER_AGENT_LENGTH],
            details=event.details(),
        )
