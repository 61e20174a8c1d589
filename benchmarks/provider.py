"""The OpenID Provider: what its endpoints add to the least that they could cost, and how it stands
beside the fastest complete peer.

1. Floors, Portero (on SQLite and on PostgreSQL, durable both) and the peer run at the same time,
   each with one worker; all are idle but the one that is asked.
2. Each round asks each of them in turn, with the same generator and 16 connections. A ratio is made
   within a round, of what ran a few seconds apart.
3. CPU seconds of the server per 1,000 (requests, or flows) stand beside each ratio of rates. They
   are the steadier figure: a write waits for the disk, which tells nothing of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.contestants import CONNECTIONS, Contestants
from benchmarks.load import Script, walk
from benchmarks.peer import NAME
from benchmarks.report import Pace, Result, Shown, middle
from benchmarks.server import Server

Measured = dict[str, Any]

_PARTS_OF_A_ROUND: Final = 5
_WARM_SECONDS: Final = 2.0  # a just-in-time compiler needs it too


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of which server; `storage` is the one behind it."""

    server: Server
    scripts: list[Script]
    storage: Server | None = None

    def measure(self, seconds: float) -> Measured:
        behind = self.storage
        cpu, stored = self.server.cpu_seconds(), behind.cpu_seconds() if behind else 0.0
        load = walk(self.scripts, port=self.server.port, connections=CONNECTIONS, seconds=seconds)
        cpu = self.server.cpu_seconds() - cpu
        measured = {
            "per_second": load.per_second,
            "cpu_seconds_per_1000": 1000 * cpu / load.walked,
            **load.figures(),
        }
        if behind:
            stored = behind.cpu_seconds() - stored
            measured["storage_cpu_seconds_per_1000"] = 1000 * stored / load.walked
        return measured


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    case: str
    floor: str
    goal: float


COMPARISONS: Final = (
    Comparison("client_credentials / bare token handler", "own_token", "floor_token", 0.7),
    Comparison("introspection of a JWT / bare JSON", "introspect_jwt", "floor_json_post", 0.3),
    Comparison("introspection, opaque / bare JSON", "introspect_opaque", "floor_json_post", 0.3),
    Comparison("userinfo by a JWT / bare JSON", "userinfo_jwt", "floor_json", 0.3),
    Comparison("userinfo, opaque / bare JSON", "userinfo_opaque", "floor_json", 0.3),
    Comparison("JWKS, 200 / 200", "jwks_200", "floor_jwks_200", 0.6),
    Comparison("JWKS, 304 / 304", "jwks_304", "floor_jwks_304", 0.6),
    Comparison("discovery, 200 / 200", "discovery_200", "floor_discovery_200", 0.6),
    Comparison("discovery, 304 / 304", "discovery_304", "floor_discovery_304", 0.6),
    Comparison("code flow / its SQL, SQLite", "code_sqlite", "floor_code_sqlite", 0.7),
    Comparison("code flow / its SQL, PostgreSQL", "code_postgresql", "floor_code_postgresql", 0.7),
    Comparison("refresh / its SQL, SQLite", "refresh_sqlite", "floor_refresh_sqlite", 0.7),
    Comparison(
        "refresh / its SQL, PostgreSQL", "refresh_postgresql", "floor_refresh_postgresql", 0.7
    ),
    Comparison("tokens / peer's JWTs", "own_token", "peer_own_token_jwt", 1.2),
    Comparison("tokens / peer's opaque ones", "own_token", "peer_own_token_opaque", 1.2),
    Comparison("introspection of a JWT / peer's", "introspect_jwt", "peer_introspect", 1.4),
    Comparison("introspection, opaque / peer's", "introspect_opaque", "peer_introspect", 1.4),
    Comparison("code flow, durable SQLite / peer's", "code_sqlite", "peer_code", 1.0),
    Comparison("refresh, durable SQLite / peer's", "refresh_sqlite", "peer_refresh", 1.0),
)


def run(pace: Pace) -> Result:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portero-bench-")))
        cases = _cases(Contestants(folder, stack))
        for each in cases.values():
            each.measure(_WARM_SECONDS)
        seconds = pace.seconds / _PARTS_OF_A_ROUND
        rounds = [
            {name: each.measure(seconds) for name, each in cases.items()}
            for _ in range(pace.rounds)
        ]
    return Result(
        "provider",
        f"What do the provider's endpoints cost, beside their floors and {NAME}?",
        tuple(_shown(each, rounds) for each in COMPARISONS),
        {
            "connections": CONNECTIONS,
            "peer": NAME,
            "per_second": _medians(rounds, "per_second"),
            "cpu_seconds_per_1000": _medians(rounds, "cpu_seconds_per_1000"),
            "storage_cpu_seconds_per_1000": _medians(rounds, "storage_cpu_seconds_per_1000"),
            "rounds": rounds,
        },
    )


def _cases(who: Contestants) -> dict[str, Case]:
    portero, bare, peer = who.sqlite, who.handlers, who.peer

    def floor(name: str) -> Case:
        return Case(bare, who.bare_scripts[name])

    cases = {
        "floor_token": floor("token"),
        "own_token": Case(portero.server, portero.own_token()),
        "peer_own_token_jwt": Case(peer.node, peer.own_token_jwt(), peer.redis),
        "peer_own_token_opaque": Case(peer.node, peer.own_token_opaque(), peer.redis),
        "floor_json_post": floor("json_post"),
        "introspect_jwt": Case(portero.server, portero.introspection(portero.jwts)),
        "introspect_opaque": Case(portero.server, portero.introspection(portero.opaque)),
        "peer_introspect": Case(peer.node, peer.introspection(), peer.redis),
        "floor_json": floor("json"),
        "userinfo_jwt": Case(portero.server, portero.userinfo(portero.jwts)),
        "userinfo_opaque": Case(portero.server, portero.userinfo(portero.opaque)),
    }
    for document in ("jwks", "discovery"):
        for status in ("200", "304"):
            name = f"{document}_{status}"
            cases[f"floor_{name}"] = floor(name)
            cases[name] = Case(portero.server, portero.document(document, status))
    for flow in ("code", "refresh"):
        for each in (who.sqlite, who.postgresql):
            name = f"{flow}_{each.kind}"
            cases[f"floor_{name}"] = Case(each.floor, each.floor_scripts(flow), each.storage)
            cases[name] = Case(each.server, each.flow(flow), each.storage)
        cases[f"peer_{flow}"] = Case(peer.node, peer.flow(flow), peer.redis)
    return cases


def _shown(asked: Comparison, rounds: list[dict[str, Measured]]) -> Shown:
    pairs = [(each[asked.case], each[asked.floor]) for each in rounds]
    rate = middle([ours["per_second"] / floor["per_second"] for ours, floor in pairs])
    cpu = "cpu_seconds_per_1000"
    by_cpu = middle([floor[cpu] / ours[cpu] for ours, floor in pairs])
    spent, least = (middle([each[n][cpu] for each in rounds]) for n in (asked.case, asked.floor))
    beside = f"by CPU {by_cpu:.3f}: {spent:.3f} to {least:.3f} s per 1,000"
    return Shown(asked.name, rate, asked.goal, beside=beside)


def _medians(rounds: list[dict[str, Measured]], name: str) -> Mapping[str, float]:
    return {
        case: middle([each[case][name] for each in rounds])
        for case in rounds[0]
        if name in rounds[0][case]
    }
