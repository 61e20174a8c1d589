"""Audit entries of requests that cost no SQL: written together, at most 100 ms later.

For what changes nothing (a client's own token, an introspection). A state change writes its entry
in its own transaction and never comes here. What a kill -9 can lose is the last 100 ms of entries.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from portero.core.audit import store
from portero.core.audit.flows import AuditLog
from portero.core.audit.model import Actor, Entry, Event
from portero.kit.db import Database

log = logging.getLogger(__name__)

EventOf: TypeAlias = Callable[[int], Event]  # of how many

FLUSH_SECONDS: Final = 0.1
# A database that is away for long must not fill the memory: 500 bytes each.
_MOST_WAITING: Final = 50_000


@dataclass(slots=True)
class Alike:
    """The first of many, and how many there are by now."""

    actor: Actor
    at: datetime
    event_of: EventOf
    count: int = 1

    def told(self) -> tuple[Actor, datetime, Event]:
        return self.actor, self.at, self.event_of(self.count)


class AuditBuffer:
    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit
        self._lock = threading.Lock()
        self._waiting: list[Entry] = []
        self._alike: dict[Hashable, Alike] = {}
        self._lost = 0

    def add(self, actor: Actor, now: datetime, event: Event) -> None:
        """Remember it; no statement, no waiting."""
        entry = self._audit.entry_of(actor, now, event)
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(entry)
            else:
                self._lost += 1

    def count(self, key: Hashable, begun: Callable[[], Alike]) -> None:
        """One entry for all that are alike by `key` until the next flush, with what has `begun`
        them and their `count`: a thousand of them a second must not be a thousand rows."""
        with self._lock:
            alike = self._alike.get(key)
            if alike is not None:
                alike.count += 1
            elif len(self._alike) < _MOST_WAITING:
                self._alike[key] = begun()
            else:
                self._lost += 1

    def flush(self) -> int:
        """Write what waits; how many entries. What can't be written waits on."""
        with self._lock:
            batch, self._waiting = self._waiting, []
            alike, self._alike = self._alike, {}
            lost, self._lost = self._lost, 0
        batch += [self._audit.entry_of(*each.told()) for each in alike.values()]
        if lost:
            log.error("%d audit entries were dropped: the database was away too long", lost)
        if not batch:
            return 0
        try:
            self._db.write(lambda tx: store.append(tx, batch))
        except Exception:
            with self._lock:
                self._waiting = (batch + self._waiting)[:_MOST_WAITING]
            raise
        return len(batch)
