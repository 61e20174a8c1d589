"""A solution is good once, for what it was made for, and for its level."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portero.core.challenges import (
    ChallengeRequired,
    Challenges,
    Occasion,
    Pressure,
    Puzzle,
    Solved,
)
from portero.core.challenges.errors import TicketTooEarly
from portero.core.challenges.tickets import WAIT_SECONDS, Tickets
from portero.core.limits import LimitPolicy, Limits
from portero.kit.db import Database
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.outside.altcha import Altcha
from tests.support.puzzles import solved_puzzle

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"
MANY = Pressure(of_subject=4)
VAULT = Vault([Secret("k" * 32)])


@pytest.fixture
def challenges() -> Challenges:
    return house({})


def house(settled: Mapping[str, LimitPolicy]) -> Challenges:
    return Challenges(Altcha(VAULT.keys("puzzle")), Tickets(VAULT), Limits(settled))


def asked(
    db: Database,
    challenges: Challenges,
    given: str = "",
    *,
    occasion: Occasion = Occasion.LOGIN,
    address: str = HOME,
    pressure: Pressure = MANY,
    later: float = 0,
) -> ChallengeRequired | None:
    now = NOW + timedelta(seconds=later)
    solved = challenges.judge(given, occasion, address, now=now)
    if not challenges.asks(occasion, pressure):
        return None
    if solved is not None and db.write(
        lambda tx: challenges.spend_in(tx, occasion, address, pressure, solved, now=now)
    ):
        return None
    return challenges.refusal(occasion, address, pressure, now=now)


def puzzle(db: Database, challenges: Challenges, **how: Any) -> Puzzle:
    refusal = asked(db, challenges, **how)
    assert refusal is not None
    return refusal.puzzle


def test_a_solution_opens_once(db: Database, challenges: Challenges) -> None:
    given = solved_puzzle(puzzle(db, challenges))
    assert asked(db, challenges, given) is None
    assert asked(db, challenges, given) is not None


def test_of_parallel_uses_one_opens(db: Database, challenges: Challenges) -> None:
    given = solved_puzzle(puzzle(db, challenges))
    answers: list[bool] = []
    start = threading.Barrier(8)

    def use() -> None:
        start.wait()
        answers.append(asked(db, challenges, given) is None)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]


def test_it_is_for_one_address_and_one_occasion(db: Database, challenges: Challenges) -> None:
    """Else a robot collects at one place what it spends at many."""
    given = solved_puzzle(puzzle(db, challenges))
    assert asked(db, challenges, given, address=ELSEWHERE) is not None
    assert asked(db, challenges, given, occasion=Occasion.RECOVERY) is not None
    assert asked(db, challenges, given) is None


def test_it_is_over_after_ten_minutes(db: Database, challenges: Challenges) -> None:
    given = solved_puzzle(puzzle(db, challenges))
    assert asked(db, challenges, given, later=600) is not None
    assert asked(db, challenges, given, later=599) is None


def test_an_easy_one_is_no_answer_to_a_hard_one(db: Database, challenges: Challenges) -> None:
    """But one level may have been added while somebody worked."""
    easy = solved_puzzle(puzzle(db, challenges))
    assert asked(db, challenges, easy, pressure=Pressure(of_subject=10)) is not None
    assert asked(db, challenges, easy, pressure=Pressure(of_subject=7)) is None


def test_without_pressure_nothing_is_asked(db: Database, challenges: Challenges) -> None:
    assert asked(db, challenges, pressure=Pressure()) is None


def test_turned_off_nothing_is_asked(db: Database) -> None:
    off = Challenges(None, Tickets(VAULT), Limits())
    assert asked(db, off, pressure=Pressure(of_subject=99)) is None
    assert off.puzzle(Occasion.LOGIN, HOME, Pressure(of_subject=99), now=NOW) is None


def test_a_ticket_is_good_after_a_wait_and_once(db: Database, challenges: Challenges) -> None:
    """For browsers without scripts."""
    ticket = puzzle(db, challenges).ticket
    with pytest.raises(TicketTooEarly) as early:
        asked(db, challenges, ticket, later=WAIT_SECONDS - 4)
    assert early.value.puzzle.wait_seconds == 4
    assert early.value.puzzle.ticket == ticket
    assert asked(db, challenges, ticket, later=WAIT_SECONDS) is None
    assert asked(db, challenges, ticket, later=WAIT_SECONDS) is not None


def test_a_ticket_is_for_one_address(db: Database, challenges: Challenges) -> None:
    ticket = puzzle(db, challenges).ticket
    assert asked(db, challenges, ticket, address=ELSEWHERE, later=WAIT_SECONDS) is not None


@pytest.mark.parametrize("level", ["5", "05", "-1", "٥", ""])
def test_a_ticket_can_not_be_written_by_hand(
    db: Database, challenges: Challenges, level: str
) -> None:
    _, _, good_at, mac = puzzle(db, challenges).ticket.split(".")
    forged = f"wait.{level}.{good_at}.{mac}"
    assert asked(db, challenges, forged, later=WAIT_SECONDS) is not None


def test_waiting_is_no_cheap_way_round(db: Database) -> None:
    """One address has so many tickets in an hour, whatever they are for."""
    strict = house({"tickets_by_address": LimitPolicy("tickets_by_address", 2, 3600)})
    opened = []
    for occasion in (Occasion.LOGIN, Occasion.RECOVERY, Occasion.MAIL_SIGN_IN):
        ticket = puzzle(db, strict, occasion=occasion).ticket
        opened.append(asked(db, strict, ticket, occasion=occasion, later=WAIT_SECONDS) is None)
    assert opened == [True, True, False]


def test_a_service_that_binds_its_answers_to_nothing_is_believed_once(db: Database) -> None:
    class Service:
        kind = "turnstile"
        widget = None

        def make(self, about: str, level: int, *, expires_at: datetime) -> Mapping[str, Any]:
            return {"site_key": "k"}

        def judge(self, given: str, *, now: datetime, address: str) -> Solved | None:
            return Solved(given, None, 5, now + timedelta(minutes=5)) if given == "good" else None

    challenges = Challenges(Service(), Tickets(VAULT), Limits())
    assert asked(db, challenges, "bad") is not None
    assert asked(db, challenges, "good") is None
    assert asked(db, challenges, "good") is not None
