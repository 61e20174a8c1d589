"""GET /protected, beside a bare Flask view with one PyJWT decode under the same server.

Twice: with tokens that the server has seen (as in life: a client asks often with one token), and
with as many tokens as it takes for none to be remembered.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.filling import access_tokens, opened
from benchmarks.guard import es256_jwk
from benchmarks.load import fire, get
from benchmarks.report import ROOT, Pace, Result, Shown, middle
from benchmarks.server import Server, free_port, portero, portero_env, running
from portero.wiring import House

_KNOWN_TOKENS: Final = 100
# More than the server remembers (10,000), asked for in turn: the least recently used is gone.
_NEW_TOKENS: Final = 12_000
_CONNECTIONS: Final = 8

Measured = dict[str, Any]


def run(pace: Pace) -> Result:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portero-bench-")))
        env = portero_env(folder, free_port())
        house = opened(folder, env)
        floor = stack.enter_context(_bare_view(folder, house))
        server = stack.enter_context(portero(folder, env))
        tokens = access_tokens(house, _NEW_TOKENS)
        cases: dict[str, Callable[[], Measured]] = {
            "bare_view": lambda: _measured(floor, tokens[:_KNOWN_TOKENS], pace),
            "protected": lambda: _measured(server, tokens[:_KNOWN_TOKENS], pace),
            "protected_new_tokens": lambda: _measured(server, tokens, pace),
        }
        rounds = [{name: case() for name, case in cases.items()} for _ in range(pace.rounds + 1)]
    rounds = rounds[1:]  # the first one warmed them up
    return Result(
        "protected",
        "What does Portero add to a view that needs a token?",
        (
            Shown("GET /protected / bare Flask view, requests/s", _ratio(rounds, "protected"), 0.8),
            Shown(
                "the same with tokens that are all new",
                _ratio(rounds, "protected_new_tokens"),
                0.8,
            ),
        ),
        {"connections": _CONNECTIONS, "rounds": rounds},
    )


def _bare_view(folder: Path, house: House) -> Any:
    port = free_port()
    jwk = es256_jwk(house.ring.published_jwks(house.clock.now()))
    settings = house.settings
    command = [
        sys.executable, "-m", "benchmarks.floors.flask_view", str(port), str(settings.threads),
        json.dumps(jwk), settings.issuer, settings.api_audience,
    ]  # fmt: skip
    place = folder / "floor"
    place.mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return running(command, cwd=place, env=env, port=port)


def _measured(server: Server, tokens: list[str], pace: Pace) -> Measured:
    requests = [get("/protected", port=server.port, token=token) for token in tokens]
    cpu = server.cpu_seconds()
    load = fire(requests, port=server.port, connections=_CONNECTIONS, seconds=pace.seconds / 2)
    cpu = server.cpu_seconds() - cpu
    return {
        "requests_per_second": load.per_second,
        "server_cpu_us_per_request": 1e6 * cpu / load.answered,
        **load.figures(),
    }


def _ratio(rounds: list[dict[str, Measured]], name: str) -> float:
    rate = "requests_per_second"
    return middle([each[name][rate] / each["bare_view"][rate] for each in rounds])
