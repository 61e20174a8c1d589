"""Writing a change in the verb's transaction, and hearing of it in every process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from portero.core.changes import store
from portero.core.changes.model import Change, ChangeKind
from portero.kit.db import Database, Tx, after_commit, hold_to_patience
from portero.kit.ports import Clock, Dice

Listener = Callable[[str, datetime], None]

# A change has its `at` before its transaction commits, and clocks of two nodes differ: each look
# goes back this far and leaves out what it has seen. A transaction that lasts 20 s is rolled back
# (`kit.db.Patience`), so 10 s are left for clocks.
OVERLAP: Final = timedelta(seconds=30)
# Other processes must know within 1 s (decision "How fast an end is seen"); half of it leaves
# room for a busy machine.
POLL_SECONDS: Final = 0.4


class ChangeFeed:
    """`note` is for verbs, `apply_now` for the process that changed something, `poll` for the
    others. A listener may be told the same change twice and must not mind."""

    def __init__(self, db: Database, clock: Clock, dice: Dice, *, memory: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._memory = memory
        self._listeners: dict[ChangeKind, list[Listener]] = {}
        self._seen: dict[str, datetime] = {}
        self._looked_at: datetime | None = None
        self._lock = threading.Lock()

    def subscribe(self, kind: ChangeKind, listener: Listener) -> None:
        self._listeners.setdefault(kind, []).append(listener)

    def note(self, tx: Tx, kind: ChangeKind, *subjects: str) -> None:
        """Tell the other processes, once this transaction commits.

        At its own time, not the verb's: a verb that waited for a lock, or was tried again, is old
        by now, and nobody looks back as far as to when it began.
        """
        if subjects:
            hold_to_patience(tx)
            at = self._clock.now()
            store.add(tx, [Change(self._dice.new_id(), at, kind, s) for s in subjects])

    def tell(self, tx: Tx, kind: ChangeKind, subject: str) -> None:
        """`note` for the other processes, and `apply_now` as soon as this transaction commits."""
        self.note(tx, kind, subject)
        after_commit(tx, lambda: self.apply_now(kind, subject, self._clock.now()))

    def apply_now(self, kind: ChangeKind, subject: str, now: datetime) -> None:
        """Make it effective in this process, after the commit."""
        for listener in self._listeners.get(kind, ()):
            listener(subject, now)

    def poll(self) -> int:
        """Hear what the others changed; how many changes were new.

        The first look goes back over the whole `memory`: a process that just started must know of
        every session that ended while its tokens can still be shown.
        """
        with self._lock:
            now = self._clock.now()
            # `min`: a clock that was set back must not make this deaf until it has caught up.
            since = min(self._looked_at or now - self._memory, now) - OVERLAP
            found = self._db.read(lambda tx: store.since(tx, since))
            fresh = [change for change in found if change.id not in self._seen]
            self._tell(fresh)
            self._seen = {known: at for known, at in self._seen.items() if at >= now - 2 * OVERLAP}
            self._seen.update((c.id, c.at) for c in fresh if c.at >= now - 2 * OVERLAP)
            self._looked_at = now
            return len(fresh)

    def purge(self) -> int:
        """Forget changes that no token can be older than."""
        before = self._clock.now() - self._memory - 2 * OVERLAP
        return self._db.write(lambda tx: store.purge(tx, before=before))

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.apply_now(change.kind, change.subject, change.at)
