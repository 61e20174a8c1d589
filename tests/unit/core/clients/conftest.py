"""The clients room over a real SQLite file, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed
from portero.core.clients import ClientCache, Clients
from portero.kit.db import Database, metadata
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice


class HandClock:
    """Time that stands still until the test moves it."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


@dataclass
class Process:
    """What one process of a deployment holds of this room."""

    db: Database
    clock: HandClock
    vault: Vault = field(default_factory=lambda: Vault([Secret("k" * 32)]))

    def __post_init__(self) -> None:
        dice = SystemDice()
        self.audit = AuditLog(self.db, dice)
        self.feed = ChangeFeed(self.db, self.clock, dice, memory=timedelta(minutes=10))
        self.clients = Clients(
            db=self.db,
            clock=self.clock,
            dice=dice,
            vault=self.vault,
            audit=self.audit,
            feed=self.feed,
        )

    def new_cache(self, *, capacity: int = 100) -> ClientCache:
        return ClientCache(db=self.db, clock=self.clock, feed=self.feed, capacity=capacity)

    def kinds(self) -> list[str]:
        """The kinds of all audit entries, the newest first."""
        return [entry.kind for entry in self.audit.list_entries()]


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = Database(f"sqlite:///{tmp_path / 'clients.db'}")
    made.write(metadata.create_all)
    made.dispose()
    return f"sqlite:///{tmp_path / 'clients.db'}"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def here(url: str, clock: HandClock) -> Iterator[Process]:
    process = Process(Database(url), clock)
    yield process
    process.db.dispose()


@pytest.fixture
def there(url: str, clock: HandClock) -> Iterator[Process]:
    """Another process on the same database."""
    process = Process(Database(url), clock)
    yield process
    process.db.dispose()


@pytest.fixture
def statements(here: Process) -> list[str]:
    """Every statement that `here` sends, from now on."""
    sent: list[str] = []

    def listen(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    sa.event.listen(here.db.engine, "before_cursor_execute", listen)
    return sent
