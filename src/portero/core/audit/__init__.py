"""Audit: what happened, who did it, from where, and how it ended.

Owns the table of events and the two values that every verb hands on: `Actor` (who) and `Origin`
(where from). Each feature declares its own typed events in `events.py`; a verb records them in
its own transaction, so that nothing happens without a trace and no trace tells of what was
rolled back. Sealing the log is a later room's work.
"""

from portero.core.audit.buffer import Alike, AuditBuffer
from portero.core.audit.flows import AuditLog
from portero.core.audit.model import Actor, ActorKind, Entry, Event, Origin, Outcome

__all__ = [
    "Actor",
    "ActorKind",
    "Alike",
    "AuditBuffer",
    "AuditLog",
    "Entry",
    "Event",
    "Origin",
    "Outcome",
]
