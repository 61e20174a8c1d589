"""Leasing indices, and which of them the signed list calls revoked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portero.core.audit import Actor, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import FIRST_PARTY_CLIENT_ID, Clients, ClientState
from portero.core.keys.flows import Keys
from portero.core.keys.ring import KeyRing
from portero.core.keys.rules import KeySchedule
from portero.core.provider.errors import RefreshRefused
from portero.core.provider.statuses import Holder, StatusList, StatusTimes, store
from portero.kit.db import Database, DatabaseUnavailable
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.clock import SystemDice
from portero.outside.signing import LocalKeyMaker
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.oauth.errors import InvalidGrant
from portero.protocol.oauth.metadata_policy import MetadataPolicy
from portero_guard.status_list import CheckedList, check_status_list

ISSUER = "https://id.example"
URI = ISSUER + "/oauth/status-list"
TIMES = StatusTimes(access_seconds=600, interval_seconds=10)
MEMORY = timedelta(minutes=15)
HOLDER = Holder(account_id="a", grant_id="g", session_id="s")


class HandClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Room:
    db: Database
    clock: HandClock
    feed: ChangeFeed
    ring: KeyRing
    clients: Clients
    statuses: StatusList

    def another_process(self) -> StatusList:
        return status_list(self.db, self.clock, self.ring)

    def index(self, client_id: str = FIRST_PARTY_CLIENT_ID, holder: Holder | None = HOLDER) -> int:
        """A token's index, kept for its holder."""
        now = self.clock.now()
        index = self.statuses.next_index(client_id, now)
        if holder is not None:
            self.db.write(lambda tx: self.statuses.keep_in(tx, index, holder, issued_at=now))
        return index

    def note(self, kind: ChangeKind, subject: str) -> None:
        self.db.write(lambda tx: self.feed.note(tx, kind, subject))

    def listed(self) -> CheckedList:
        """The list that a guard gets once the former one is too old."""
        self.clock.move(TIMES.kept_seconds)
        return self.checked(self.statuses)

    def checked(self, statuses: StatusList) -> CheckedList:
        def key_for(kid: str, alg: str) -> object:
            found = self.ring.verification_key(kid, self.clock.now())
            return found.key if found else None

        return check_status_list(
            statuses.signed().jws.encode(),
            key_for=key_for,  # type: ignore[arg-type]  # a key, or None
            expected_issuer=ISSUER,
            expected_uri=URI,
            now=self.clock.now().timestamp(),
            leeway_seconds=0,
        )


def status_list(db: Database, clock: HandClock, ring: KeyRing) -> StatusList:
    return StatusList(db=db, clock=clock, ring=ring, issuer=ISSUER, uri=URI, times=TIMES)


@pytest.fixture
def room(db: Database) -> Room:
    clock, dice = HandClock(), SystemDice()
    vault = Vault((Secret("tests-only-Zr4mQ8vL2xT7pK9wB3nH6yD1"),))
    feed, audit = ChangeFeed(db, clock, dice, memory=MEMORY), AuditLog(db, dice)
    ring = KeyRing(db, vault)
    schedule = KeySchedule(timedelta(days=90), timedelta(days=1), MEMORY)
    keys = Keys(
        db=db, clock=clock, vault=vault, maker=LocalKeyMaker(), feed=feed, audit=audit,
        schedule=schedule,
    )  # fmt: skip
    keys.keep((SigningAlg.ES256,))
    clients = Clients(
        db=db, clock=clock, dice=dice, vault=vault, audit=audit, feed=feed,
        policy=MetadataPolicy(local=False),
    )  # fmt: skip
    ring.reload()
    return Room(db, clock, feed, ring, clients, status_list(db, clock, ring))


# --- indices


def test_no_two_live_tokens_share_an_index(room: Room) -> None:
    """Of three processes with four threads each, over two clients, far beyond a block."""
    processes = [room.statuses, room.another_process(), room.another_process()]
    now = room.clock.now()

    def take(n: int) -> int:
        return processes[n % 3].next_index(f"client-{n % 2}", now)

    with ThreadPoolExecutor(12) as threads:
        taken = list(threads.map(take, range(3000)))
    assert len(set(taken)) == len(taken)


def test_indices_are_leased_by_the_hundred(room: Room) -> None:
    """1000 tokens cost three statements, so that issuing is without SQL nearly always."""
    seen: list[str] = []
    now = room.clock.now()
    room.statuses.next_index("c", now)
    sa.event.listen(
        room.db.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2]))
    )
    for _ in range(255):
        room.statuses.next_index("c", now)
    assert seen == []
    for _ in range(256 * 6):
        room.statuses.next_index("c", now)
    assert sum("status_blocks" in each and each.startswith("UPDATE") for each in seen) == 2


def ended_by(room: Room, failure: Exception, meanwhile: Callable[[], object] = lambda: None) -> int:
    """The index of a token request that ends so."""
    with suppress(type(failure)), room.statuses.place("c", room.clock.now()) as index:
        meanwhile()
        raise failure
    return index


def test_a_refusal_gives_the_index_back_and_a_failure_does_not(room: Room) -> None:
    """What was refused was not issued; after another failure nobody knows."""
    failures = (InvalidGrant(""), RefreshRefused(), DatabaseUnavailable(), ValueError())
    taken = [ended_by(room, failure) for failure in failures]
    first = taken[0]
    assert taken == [first, first, first, first + 1]
    assert room.index("c") == first + 2


def test_an_index_is_not_given_back_into_a_later_lease(room: Room) -> None:
    """Its block may be somebody else's before that one is over."""
    later: list[int] = []

    def much_later() -> None:
        room.clock.move(TIMES.block_lifetime.total_seconds())
        later.extend([room.index("other"), room.index("c")])

    former = ended_by(room, InvalidGrant(""), much_later)
    assert later[0] == former
    assert room.index("c") == later[1] + 1


def test_an_index_is_free_again_once_nothing_can_mean_it(room: Room) -> None:
    """Not while the block's last token, or a list that calls it revoked, may still be used."""
    first = room.index()
    room.clock.move(TIMES.block_lifetime.total_seconds() - 1)
    assert room.another_process().next_index("c", room.clock.now()) != first
    room.clock.move(1)
    assert room.another_process().next_index("c", room.clock.now()) == first
    # from the last moment of a lease: the token, its slack, and the last list that names it
    assert TIMES.block_lifetime >= timedelta(minutes=10, seconds=600 + TIMES.lifetime_seconds)


def test_the_interval_is_the_sum_of_both_memories() -> None:
    """What is kept here and what a guard keeps, for every setting; and a guard that comes back
    never gets an older list from another process."""
    for interval in range(2, 301):
        times = StatusTimes(600, interval)
        assert times.ttl_seconds + times.kept_seconds == interval
        assert 1 <= times.kept_seconds <= times.ttl_seconds < times.lifetime_seconds


# --- what ends a token


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (ChangeKind.SESSION_ENDED, "s"),
        (ChangeKind.GRANT_REVOKED, "g"),
        (ChangeKind.ACCOUNT_DISABLED, "a"),
        (ChangeKind.GRANTS_VOIDED, "a"),
    ],
)
def test_what_a_token_rests_on_takes_it_along(room: Room, kind: ChangeKind, subject: str) -> None:
    """Nobody turns a bit: it follows from what the verb noted. Others' tokens go on."""
    mine, others = room.index(), room.index(holder=Holder("a2", "g2", "s2"))
    assert room.listed().is_valid(mine)
    room.note(kind, subject)
    listed = room.listed()
    assert not listed.is_valid(mine)
    assert listed.is_valid(others)


def test_a_token_from_after_the_account_was_enabled_again_is_good(room: Room) -> None:
    """Those from before it stay revoked."""
    before = room.index()
    room.clock.move(1)
    room.note(ChangeKind.ACCOUNT_DISABLED, "a")
    room.clock.move(1)
    after = room.index(holder=Holder("a", "g2", "s2"))
    listed = room.listed()
    assert not listed.is_valid(before)
    assert listed.is_valid(after)


def test_one_token_can_be_revoked(room: Room) -> None:
    """A client's own has no row of its own; twice is once."""
    mine, next_one = room.index("c", None), room.index("c", None)
    room.clients.create(Actor.operator(), {"grant_types": ["client_credentials"]}, client_id="c")
    expires_at = room.clock.now() + timedelta(minutes=10)
    for _ in range(2):
        room.db.write(
            lambda tx: room.statuses.revoke_in(tx, room.statuses.claim(mine), expires_at=expires_at)
        )
    room.db.write(lambda tx: room.statuses.revoke_in(tx, {}, expires_at=expires_at))
    listed = room.listed()
    assert not listed.is_valid(mine)
    assert listed.is_valid(next_one)


def test_a_disabled_client_takes_all_its_tokens_along(room: Room) -> None:
    """Until it is enabled again; one that is deleted for good. The built-in client has no row and
    is neither."""
    room.clients.create(Actor.operator(), {"grant_types": ["client_credentials"]}, client_id="c")
    own, persons, first_party = room.index("c", None), room.index("c"), room.index()
    assert [room.listed().is_valid(n) for n in (own, persons, first_party)] == [True, True, True]
    room.clients.set_state(Actor.operator(), "c", ClientState.DISABLED)
    assert [room.listed().is_valid(n) for n in (own, persons, first_party)] == [False, False, True]
    room.clients.set_state(Actor.operator(), "c", ClientState.ACTIVE)
    assert [room.listed().is_valid(n) for n in (own, persons, first_party)] == [True, True, True]
    room.clients.delete(Actor.operator(), "c")
    assert [room.listed().is_valid(n) for n in (own, persons, first_party)] == [False, False, True]


def test_every_process_tells_the_same(room: Room) -> None:
    """What one ended, another's list says as soon as it is made."""
    mine = room.index()
    room.note(ChangeKind.SESSION_ENDED, "s")
    assert not room.checked(room.another_process()).is_valid(mine)


def test_a_token_stays_revoked_for_as_long_as_it_could_be_shown(room: Room) -> None:
    """Its own life and a leeway; afterwards its row can go, and the index is clean."""
    mine = room.index()
    room.note(ChangeKind.SESSION_ENDED, "s")
    room.clock.move(660)
    assert not room.listed().is_valid(mine)
    room.clock.move(300)
    assert room.listed().is_valid(mine)
    assert room.db.write(lambda tx: store.purge_statuses(tx, before=room.clock.now())) == 1


def test_the_list_is_made_once_in_a_while(room: Room) -> None:
    """Half of the interval it comes from memory, with how long it may be kept on the way."""
    made = room.statuses.signed()
    assert made.fresh_seconds == TIMES.kept_seconds
    room.clock.move(TIMES.kept_seconds - 1)
    again = room.statuses.signed()
    assert (again.jws, again.etag, again.fresh_seconds) == (made.jws, made.etag, 1)
    room.clock.move(1)
    assert room.statuses.signed().jws != made.jws
