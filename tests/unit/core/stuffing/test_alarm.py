"""The alarm over a database that several processes share."""

from __future__ import annotations

import pytest

from portero.core.audit import AuditLog
from portero.core.stuffing import StuffingAlarm
from portero.core.stuffing.store import purge_names, purge_windows
from portero.kit.db import Database
from portero.outside.clock import SystemDice
from tests.support.house import MovableClock


class Processes:
    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, MovableClock()
        # At the beginning of a window, so that none ends within a test that does not mean it.
        self.clock.let_pass(seconds=301 - self.clock.now().timestamp() % 300)
        self.audit = AuditLog(db, SystemDice())

    def one(self) -> StuffingAlarm:
        return StuffingAlarm(self.db, self.clock, self.audit)

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
    for _ in range(24):
        one.failed("192.0.2.7", "ana")
        other.failed("192.0.2.8", "ana")
    one.step()
    other.step()
    _, figures = one.look()
    assert (figures.failures, figures.names_of_one_network) == (48, 1)
    assert not other.is_on


def test_many_names_from_one_network_are_a_list(processes: Processes) -> None:
    """Below the floor of failures, and hidden among the sign-ins of others."""
    alarm = processes.one()
    for number in range(500):
        alarm.succeeded(f"colleague {number}")
    for number in range(30):
        alarm.failed(f"2001:db8::{number:x}", f"name {number}")
    alarm.step()
    assert alarm.is_on


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
