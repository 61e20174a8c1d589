"""A database file with one account, and a hasher that is real but quick."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portero.core.accounts import store as accounts_store
from portero.core.accounts.model import Account, AccountState
from portero.kit.db import Database, metadata
from portero.outside.hashing import Argon2Params, HashPool

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


class Times:
    """The hands of a clock that tests move, and the pauses that were asked for."""

    def __init__(self) -> None:
        self.moment = NOW
        self.seconds = 1000.0
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def pause(self, seconds: float, /) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture(scope="session")
def hasher() -> Iterator[HashPool]:
    pool = HashPool(params=Argon2Params(time_cost=1, memory_kib=64), threads=2)
    yield pool
    pool.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/test.db")
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def account_id(db: Database) -> str:
    account = Account("acc-1", "alice", "alice", AccountState.ACTIVE, NOW, NOW)
    db.write(lambda tx: accounts_store.add(tx, account))
    return account.id
