"""Signing keys over a test's database, with a clock that stands still until it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.keys.flows import Keys
from portero.core.keys.ring import KeyRing
from portero.core.keys.rules import KeySchedule
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from portero.outside.signing import LocalKeyMaker

SCHEDULE = KeySchedule(
    rotate_after=timedelta(days=90),
    publish_ahead=timedelta(days=1),
    longest_token=timedelta(minutes=15),
)
OLD_SECRET = Secret("tests-only-Zr4mQ8vL2xT7pK9wB3nH6yD1")
NEW_SECRET = Secret("tests-only-Jd7nW5sC1yR9uF4kM6gT0bX3")


class HandClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass(frozen=True, slots=True)
class KeyHouse:
    db: Database
    clock: HandClock
    keys: Keys
    ring: KeyRing
    feed: ChangeFeed

    def under(self, *secrets: Secret) -> KeyHouse:
        """Another process over the same database, with these values of SECRET_KEY."""
        return key_house_over(self.db, self.clock, *secrets)


def key_house_over(db: Database, clock: HandClock, *secrets: Secret) -> KeyHouse:
    vault, dice = Vault(secrets), SystemDice()
    feed = ChangeFeed(db, clock, dice, memory=timedelta(minutes=15))
    ring = KeyRing(db, vault)
    feed.subscribe(ChangeKind.KEYS_CHANGED, lambda subject, at: ring.reload())
    keys = Keys(
        db=db,
        clock=clock,
        vault=vault,
        maker=LocalKeyMaker(),
        feed=feed,
        audit=AuditLog(db, dice),
        schedule=SCHEDULE,
    )
    return KeyHouse(db, clock, keys, ring, feed)


@pytest.fixture
def house(db: Database) -> KeyHouse:
    return key_house_over(db, HandClock(), OLD_SECRET)


@pytest.fixture
def old_secret() -> Secret:
    return OLD_SECRET


@pytest.fixture
def new_secret() -> Secret:
    return NEW_SECRET
