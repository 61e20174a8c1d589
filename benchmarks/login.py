"""Password login: how much of what the server burns is the hash itself?

1. Raw argon2 on as many threads as there are cores: CPU seconds per hash, hashes per second.
2. The load: more logins at a time than there are hash threads, so that no core is ever idle.
3. Both again, alternating, because a machine that others share changes its mind every minute.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.filling import PASSWORD, fill, opened, username
from benchmarks.floors.argon2_alone import Hashing, measure
from benchmarks.load import Load, fire, post
from benchmarks.report import Pace, Result, Shown, middle
from benchmarks.server import Server, free_port, portero, portero_env

_ACCOUNTS: Final = 1000
_LOGINS_AT_A_TIME_PER_CORE: Final = 6
_WARM_SECONDS: Final = 1.0


def run(pace: Pace) -> Result:
    with TemporaryDirectory(prefix="portero-bench-") as temporary:
        folder, port = Path(temporary), free_port()
        env = portero_env(folder, port)
        house = opened(folder, env)
        fill(house, _ACCOUNTS)
        settings = house.settings
        cost = {
            "time_cost": settings.argon2_time_cost,
            "memory_kib": settings.argon2_memory_kib,
            "parallelism": settings.argon2_parallelism,
        }
        with portero(folder, env) as server:
            rounds = _rounds(server, pace, cost)
    return Result(
        "login",
        "Of a password login, how much is the hash?",
        (
            Shown("hash CPU / CPU of all server processes", _mid(rounds, "cpu_ratio"), 0.92),
            Shown("logins/s / raw argon2 hashes/s", _mid(rounds, "rate_ratio"), 0.90),
        ),
        {"argon2": cost, "server_workers": settings.workers, "rounds": rounds},
    )


def _rounds(server: Server, pace: Pace, cost: dict[str, int]) -> list[dict[str, Any]]:
    cores = len(os.sched_getaffinity(0))
    logins = [
        post("/login", {"username": username(n), "password": PASSWORD}, port=server.port)
        for n in range(_ACCOUNTS)
    ]
    connections = _LOGINS_AT_A_TIME_PER_CORE * cores
    fire(logins, port=server.port, connections=connections, seconds=_WARM_SECONDS)
    rounds = []
    before = measure(seconds=pace.seconds / 2, threads=cores, **cost)
    for _ in range(pace.rounds):
        cpu = server.cpu_seconds()
        load = fire(logins, port=server.port, connections=connections, seconds=pace.seconds)
        cpu = server.cpu_seconds() - cpu
        after = measure(seconds=pace.seconds / 2, threads=cores, **cost)
        rounds.append(_round(load, cpu, (before, after), cores))
        before = after
    return rounds


def _round(load: Load, cpu: float, floors: tuple[Hashing, Hashing], cores: int) -> dict[str, Any]:
    """The floor is the mean of what ran just before and just after."""
    hash_cpu = sum(each.cpu_per_hash for each in floors) / 2
    hashes_per_second = sum(each.per_second for each in floors) / 2
    # What the generator burned was missing to the server: the cores' time without it.
    server_seconds = load.wall_seconds - load.generator_cpu_seconds / cores
    logins_per_second = load.answered / server_seconds
    return {
        "logins": load.answered,
        "wall_seconds": load.wall_seconds,
        "generator_cpu_seconds": load.generator_cpu_seconds,
        "server_cpu_seconds": cpu,
        "server_cpu_ms_per_login": 1000 * cpu / load.answered,
        "hash_cpu_ms": 1000 * hash_cpu,
        "logins_per_second": load.per_second,
        "logins_per_second_without_generator": logins_per_second,
        "argon2_hashes_per_second": hashes_per_second,
        "login_median_ms": load.median_ms,
        "login_p99_ms": load.p99_ms,
        "cpu_ratio": hash_cpu * load.answered / cpu,
        "rate_ratio": logins_per_second / hashes_per_second,
    }


def _mid(rounds: list[dict[str, Any]], name: str) -> float:
    return middle([each[name] for each in rounds])
