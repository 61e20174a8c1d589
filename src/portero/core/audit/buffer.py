"""Audit entries of requests that cost no SQL: written together, at most 100 ms later.

For what changes nothing (a client's own token, an introspection). A state change writes its entry
in its own transaction and never comes here. What a kill -9 can lose is the last 100 ms of entries.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

from portero.core.audit import store
from portero.core.audit.flows import AuditLog
from portero.core.audit.model import Actor, Entry, Event
from portero.kit.db import Database

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.1
# A database that is away for long must not fill the memory: 500 bytes each.
_MOST_WAITING: Final = 50_000


class AuditBuffer:
    def __init__(self, db: Database, audit: AuditLog) -> None:
        self._db = db
        self._audit = audit
        self._lock = threading.Lock()
        self._waiting: list[Entry] = []
        self._lost = 0

    def add(self, actor: Actor, now: datetime, event: Event) -> None:
        """Remember it; no statement, no waiting."""
        entry = self._audit.entry_of(actor, now, event)
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(entry)
            else:
                self._lost += 1

    def flush(self) -> int:
        """Write what waits; how many entries. What can't be written waits on."""
        with self._lock:
            batch, self._waiting = self._waiting, []
            lost, self._lost = self._lost, 0
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
