"""What a benchmark answers, against its goal, and where it is kept."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
_VERSIONS_OF: Final = (
    "portero",
    "portero-guard",
    "argon2-cffi",
    "cryptography",
    "flask",
    "gunicorn",
    "psycopg",
    "pyjwt",
    "sqlalchemy",
    "uvloop",
    "werkzeug",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to measure: `rounds` of `seconds` each; `accounts` is the large table of scale."""

    seconds: float
    rounds: int
    accounts: int


FULL: Final = Pace(seconds=8.0, rounds=3, accounts=1_000_000)
SHORT: Final = Pace(seconds=2.0, rounds=1, accounts=100_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure and its goal: `value` must be `at_least` or at most the goal. `beside` is printed
    with it."""

    name: str
    value: float
    goal: float
    unit: str = "ratio"
    at_least: bool = True
    beside: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Result:
    """`figures` is everything raw that `shown` was made of."""

    name: str
    question: str
    shown: tuple[Shown, ...]
    figures: dict[str, Any] = field(default_factory=dict)


def middle(values: list[float]) -> float:
    """The median: one disturbed round must not move the figure."""
    return float(median(values))


def lines(result: Result) -> list[str]:
    return [
        f"{each.name:<58} {each.value:>8.3f} {each.unit:<6}"
        f" (goal {'>=' if each.at_least else '<='} {each.goal:g}:"
        f" {'met' if each.met else 'MISSED'}){each.beside and '  ' + each.beside}"
        for each in result.shown
    ]


def keep(result: Result) -> Path:
    """Write the result where it is committed from."""
    shown = [
        {
            "name": each.name,
            "value": round(each.value, 4),
            "unit": each.unit,
            "goal": each.goal,
            "goal_is": "at least" if each.at_least else "at most",
            "met": each.met,
            **({"beside": each.beside} if each.beside else {}),
        }
        for each in result.shown
    ]
    content = {
        "name": result.name,
        "question": result.question,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {name: version(name) for name in _VERSIONS_OF},
        "shown": shown,
        "figures": _rounded(result.figures),
    }
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / f"{result.name}.json"
    place.write_text(json.dumps(content, indent=2) + "\n")
    return place


def _machine() -> dict[str, Any]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": pages // 2**20,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _rounded(value: Any) -> Any:
    """Six significant digits are more than any clock here has."""
    match value:
        case float():
            return float(f"{value:.6g}")
        case dict():
            return {str(key): _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
    return value
