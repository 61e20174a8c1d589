"""A list of stolen passwords is tried from two hundred addresses: do people still get in as fast?

1. Fifty people sign in now and then, each in a browser that the account knows: how long it takes.
2. The same, while the list is tried: 10,000 names, one in a hundred with the right password, each
   address one try a second, as fast as a careful attacker would go. The limits are the usual ones.

Where everybody comes from is told by a trusted proxy, as in production.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.crowd import Job, Person, Told
from benchmarks.filling import PASSWORD, fill, opened, username
from benchmarks.report import ROOT, Pace, Result, Shown
from benchmarks.server import free_port, portero, portero_env

_PEOPLE: Final = 50
_NAMES: Final = 10_000
_ADDRESSES: Final = 200
_RIGHT_ONE_IN: Final = 100
_PAUSE_SECONDS: Final = 5.0
_ROUNDS_OF_PACE: Final = 5


def run(pace: Pace) -> Result:
    with TemporaryDirectory(prefix="portero-bench-") as temporary:
        folder, port = Path(temporary), free_port()
        env = portero_env(folder, port)
        env |= {"PORTERO_TRUSTED_PROXIES": "127.0.0.0/8", "PORTERO_CHALLENGE": "altcha"}
        del env["PORTERO_LIMITS"]
        fill(opened(folder, env), _PEOPLE + _NAMES)
        people = [
            Person(username(number), PASSWORD, f"10.1.{number}.7") for number in range(_PEOPLE)
        ]
        seconds = pace.seconds * _ROUNDS_OF_PACE
        with portero(folder, env):
            first = _crowd(Job(port, _PAUSE_SECONDS, _PAUSE_SECONDS, people, [""] * _PEOPLE))
            calm = _crowd(Job(port, seconds, _PAUSE_SECONDS, people, first.devices))
            attacked = _crowd(
                Job(port, seconds, _PAUSE_SECONDS, people, calm.devices, _list(), _addresses())
            )
    tried = sum(attacked.attack.values())
    right = tried / _RIGHT_ONE_IN
    return Result(
        "stuffing",
        "While stolen passwords are tried from many addresses, do people get in as fast?",
        (
            Shown("p95 of people, attacked / calm", attacked.p95 / calm.p95, 2.0, at_least=False),
            Shown("people refused", len(attacked.refused), 0, "people", at_least=False),
            Shown(
                "right passwords of the list that got in",
                attacked.attack.get("200", 0) / right,
                0.1,
                at_least=False,
            ),
        ),
        {
            "calm": _figures(calm),
            "attacked": {
                **_figures(attacked),
                "tries": tried,
                "answers": attacked.attack,
                "first_challenge_seconds": attacked.first_challenge_seconds,
            },
        },
    )


def _list() -> list[tuple[str, str]]:
    """Of accounts that are nobody's of those who sign in meanwhile."""
    return [
        (username(_PEOPLE + n), PASSWORD if n % _RIGHT_ONE_IN == 0 else f"another phrase {n} here")
        for n in range(_NAMES)
    ]


def _addresses() -> list[str]:
    """No two of one network: the limits of networks help least."""
    return [f"198.{18 + number // 256}.{number % 256}.9" for number in range(_ADDRESSES)]


def _figures(told: Told) -> dict[str, object]:
    ordered = sorted(told.sign_in_seconds)
    return {
        "sign_ins": len(ordered),
        "median_ms": 1000 * ordered[len(ordered) // 2],
        "p95_ms": 1000 * told.p95,
        "refused": told.refused[:3],
    }


def _crowd(job: Job) -> Told:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.crowd"], cwd=ROOT, input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE, check=True, text=True, timeout=job.seconds + 60,
    )  # fmt: skip
    return Told(**json.loads(ran.stdout))
