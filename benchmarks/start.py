"""How soon does a server answer that has been started before, and what does it hold in memory?"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.filling import access_tokens, opened
from benchmarks.load import fire, get
from benchmarks.report import Pace, Result, Shown, middle
from benchmarks.server import free_port, portero, portero_env

_STARTS_PER_ROUND: Final = 3
_REQUESTS: Final = 1000
_CONNECTIONS: Final = 8
# None of these hashes: a probe, the keys, a probe that asks the database, and a token checked.
_PATHS: Final = ("/healthz", "/.well-known/jwks.json", "/readyz", "/protected")
_IDLE_SECONDS: Final = 2.0


def run(pace: Pace) -> Result:
    with TemporaryDirectory(prefix="portero-bench-") as temporary:
        folder, port = Path(temporary), free_port()
        env = portero_env(folder, port)
        with portero(folder, env) as server:
            first_seconds = server.started_after_seconds
        seconds = []
        for _ in range(pace.rounds * _STARTS_PER_ROUND):
            with portero(folder, env) as server:
                seconds.append(server.started_after_seconds)
        house = opened(folder, env)
        tokens = access_tokens(house, _REQUESTS // len(_PATHS))
        requests = [get(path, port=port, token=each) for each in tokens for path in _PATHS]
        with portero(folder, env) as server:
            fresh_mib = server.pss_mib()
            fire(requests, port=port, connections=_CONNECTIONS, count=_REQUESTS)
            time.sleep(_IDLE_SECONDS)
            idle_mib, processes = server.pss_mib(), server.processes()
    return Result(
        "start",
        "How soon does it answer, and how much memory does it hold?",
        (
            Shown("second start to the first 200", middle(seconds), 1.0, "s", at_least=False),
            Shown("PSS of all processes, idle", idle_mib * 2**20 / 1e6, 100, "MB", at_least=False),
        ),
        {
            "first_start_seconds": first_seconds,
            "second_start_seconds": seconds,
            "processes": processes,
            "pss_mib_at_start": fresh_mib,
            "pss_mib_after_requests": idle_mib,
            "requests": _REQUESTS,
        },
    )
