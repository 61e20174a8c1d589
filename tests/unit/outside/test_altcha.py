"""Puzzles of proof of work: what does not hold."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portero.core.challenges import Puzzle, Solved
from portero.outside.altcha import Altcha
from tests.support.puzzles import solved_puzzle

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=10)
HERE = Altcha([b"1" * 32])


def solution(gate: Altcha = HERE, level: int = 0) -> str:
    return solved_puzzle(Puzzle("altcha", gate.make("ana", level, expires_at=UNTIL)))


def judge(given: str, gate: Altcha = HERE, now: datetime = NOW) -> Solved | None:
    return gate.judge(given, now=now, address="192.0.2.7")


def altered(given: str, **parameters: Any) -> str:
    content = json.loads(base64.b64decode(given))
    content["challenge"]["parameters"] |= parameters
    return base64.b64encode(json.dumps(content).encode()).decode()


def test_it_says_what_it_was_for() -> None:
    held = judge(solution(level=1))
    assert held is not None
    assert (held.about, held.level, held.expires_at) == ("ana", 1, UNTIL)


def test_it_ends() -> None:
    given = solution()
    assert judge(given, now=UNTIL) is None
    assert judge(given, now=UNTIL - timedelta(seconds=1)) is not None


def test_the_work_has_to_be_done() -> None:
    """The puzzle alone, or with a key that somebody made up, is no solution."""
    content = dict(HERE.make("ana", 0, expires_at=UNTIL))
    prefix = content["parameters"]["keyPrefix"]
    for key in ("", prefix, prefix.ljust(64, "0"), "zz", None, 7, []):
        forged = {"challenge": content, "solution": {"counter": 1, "derivedKey": key}}
        assert judge(base64.b64encode(json.dumps(forged).encode()).decode()) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"data": {"about": "bo", "level": 5, "until": 2**40}},
        {"keySignature": None},
        {"keyPrefix": ""},
        {"cost": 1},
        {"algorithm": "SHA-256"},
    ],
)
def test_a_puzzle_is_not_made_easier(parameters: dict[str, Any]) -> None:
    assert judge(altered(solution(), **parameters)) is None


def test_a_puzzle_of_the_earlier_key_still_holds_and_a_strangers_does_not() -> None:
    """SECRET_KEY may change while somebody solves."""
    rotated = Altcha([b"2" * 32, b"1" * 32])
    given = solution()
    assert judge(given, rotated) is not None
    assert judge(given, Altcha([b"3" * 32])) is None


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "e30=",
        "W10=",
        "bnVsbA==",
        base64.b64encode(b'{"challenge": [], "solution": {}}').decode(),
        base64.b64encode(b'{"challenge": {"parameters": []}, "solution": []}').decode(),
        base64.b64encode(b"[" * 3000).decode(),
        "A" * 100_000,
        "é",
    ],
)
def test_nonsense_is_no_solution(given: str) -> None:
    assert judge(given) is None
