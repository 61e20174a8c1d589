"""Changes: how one process learns what another has ended or altered.

Owns a small table that verbs write to in their own transaction, and the feed that each process
reads a few times a second. What ended (sessions, clients, accounts, grants) is then known in
memory everywhere, so that checking a token costs no SQL. No LISTEN/NOTIFY, no triggers: the same
on SQLite, PostgreSQL and behind a connection pooler.
"""

from portero.core.changes.feed import ChangeFeed
from portero.core.changes.memory import Memory
from portero.core.changes.model import ChangeKind

__all__ = ["ChangeFeed", "ChangeKind", "Memory"]
