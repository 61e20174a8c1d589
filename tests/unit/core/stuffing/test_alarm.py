"""The alarm over a database that several processes share."""

from __future__ import annotations

import hashlib

import pytest

from portero.core.audit import AuditLog
from portero.core.stuffing import StuffingAlarm
from portero.core.stuffing.store import purge_names, purge_windows, stuffing_names
from portero.kit.db import Database
from portero.outside.clock import SystemDice
from tests.support.house import MovableClock

GUESSES = ("a password", "192.0.2.0/24", "192.0.2.7")


class Processes:
    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, MovableClock()
        # At the beginning of a window, so that none ends within a test that does not mean it.
        self.clock.let_pass(seconds=301 - self.clock.now().timestamp() % 300)
        self.audit = AuditLog(db, SystemDice())

    def one(self) -> StuffingAlarm:
        return StuffingAlarm(self.db, self.clock, self.audit, key=b"k" * 32)

    def kinds(self) -> list[str]:
        return [each.kind for each in reversed(self.audit.list_entries())]

    def next_window(self, *alarms: StuffingAlarm) -> None:
        self.clock.let_pass(minutes=5)
        for alarm in alarms:
            alarm.step()


@pytest.fixture
def processes(db: Database) -> Processes:
    return Processes(db)


def attack(alarm: StuffingAlarm, *, tries: int, networks: int = 50) -> None:
    for number in range(tries):
        alarm.failed(f"198.51.{number % networks}.7", f"name {number}")


def test_processes_add_up_what_each_of_them_saw(processes: Processes) -> None:
    """Neither has seen enough by itself, and both know it then; it is told once."""
    one, other = processes.one(), processes.one()
    attack(one, tries=40)
    one.step()
    assert not one.is_on
    attack(other, tries=40)
    other.step()
    one.step()
    assert one.is_on
    assert other.is_on
    assert processes.kinds() == ["stuffing.began"]


def test_a_name_counts_once_in_its_network(processes: Processes) -> None:
    """One person who does not remember is no list, in whichever process she tries."""
    one, other = processes.one(), processes.one()
    for number in range(48):
        one.failed(f"192.0.{number % 5}.7", "ana")
        other.failed(f"192.0.{number % 5}.8", "ana")
    one.step()
    other.step()
    _, figures = one.look()
    assert (figures.failures, figures.names_by_network) == (96, 1)


def test_many_names_from_several_networks_are_a_list(processes: Processes) -> None:
    """Hidden among the sign-ins of others."""
    alarm = processes.one()
    for number in range(500):
        alarm.succeeded(f"colleague {number}")
    for number in range(150):
        alarm.failed(f"2001:db8:{number % 5}::{number:x}", f"name {number}")
    alarm.step()
    assert alarm.is_on


@pytest.mark.parametrize("address", ["198.51.100.{}", "2001:db8:0:{}::1"])
def test_one_place_has_nobody_else_asked(processes: Processes, address: str) -> None:
    """The attack: try a hundred names from one address, or from as many as a tunnel broker gives
    away, and all strangers of the house solve puzzles."""
    alarm = processes.one()
    for number in range(100):
        alarm.failed(address.format(number), f"name {number}")
    alarm.step()
    assert not alarm.is_on


def test_the_last_second_of_a_window_is_judged(processes: Processes) -> None:
    """The attack: two thousand tries at once where one window ends, and silence after it. Written
    by a process that is late, too."""
    for late in (False, True):
        alarm, other = processes.one(), processes.one()
        alarm.step()
        processes.clock.let_pass(seconds=299)
        attack(alarm, tries=80)
        processes.clock.let_pass(seconds=301)
        if late:
            other.step()
        alarm.step()
        assert alarm.is_on
        for _ in range(14):
            processes.next_window(alarm)
        assert not alarm.is_on


def test_a_table_that_is_copied_tells_no_name(processes: Processes) -> None:
    """People type passwords into name fields: no list of words is tried on what is kept."""
    alarm = processes.one()
    alarm.failed("192.0.2.7", "a password")
    alarm.step()
    rows = processes.db.read(lambda tx: tx.execute(stuffing_names.select()).all())
    kept = {part for row in rows for part in (row.network, row.name)}
    guesses = {hashlib.sha256(word.encode()).hexdigest()[:32] for word in GUESSES}
    assert len(kept) == 2
    assert not kept & guesses
    processes.clock.let_pass(minutes=5)
    alarm.failed("192.0.2.7", "a password")
    alarm.step()
    again = processes.db.read(lambda tx: tx.execute(stuffing_names.select()).all())
    assert len({row.name for row in again}) == len({row.network for row in again}) == 2


def test_an_own_account_hides_nothing(processes: Processes) -> None:
    """The attack: sign in with one's own account between the guesses, and the ratio stays low."""
    alarm = processes.one()
    for number in range(60):
        alarm.failed(f"198.51.{number}.7", f"name {number}")
        for _ in range(9):
            alarm.succeeded("mallory")
    alarm.step()
    assert alarm.is_on


def test_it_outlives_a_restart_and_ends_when_it_is_calm(processes: Processes) -> None:
    attack(alarm := processes.one(), tries=80)
    alarm.step()
    restarted = processes.one()
    restarted.step()
    assert restarted.is_on
    for _ in range(12):
        processes.next_window(restarted)
    assert restarted.is_on  # the window of the attack, and eleven calm ones
    processes.next_window(restarted)
    assert not restarted.is_on
    assert processes.kinds() == ["stuffing.began", "stuffing.ended"]


def test_a_database_that_is_away_loses_no_count(processes: Processes, db: Database) -> None:
    alarm = processes.one()
    attack(alarm, tries=80)
    alarm._db = Database("sqlite:////nowhere/at/all.sqlite3")  # what a broken disk does
    with pytest.raises(Exception, match=r"."):
        alarm.step()
    alarm._db = db
    alarm.step()
    assert alarm.is_on


def test_a_flood_fills_no_table(processes: Processes) -> None:
    """Of one network 200 names say all that there is to say."""
    alarm = processes.one()
    attack(alarm, tries=1_000, networks=1)
    alarm.step()
    later = processes.clock.now().replace(year=2100)
    assert processes.db.write(lambda tx: purge_names(tx, before=later)) == 200
    assert processes.db.write(lambda tx: purge_windows(tx, before=later)) == 1
