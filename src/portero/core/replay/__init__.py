"""Replay: what may be shown once, remembered until it would be refused for its age anyway.

Owns one table of hashes. Who shows it, and what it proves, is the calling room's.
"""

from portero.core.replay.store import purge, spend_once

__all__ = ["purge", "spend_once"]
