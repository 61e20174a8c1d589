"""Does a login's SQL grow with the number of accounts? On SQLite and PostgreSQL.

Two databases of each kind, alike but for their size, one thread, in turns. What is timed is every
transaction of a login, from taking the connection to giving it back; no hash is within one.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.filling import PASSWORD, fill, opened, username
from benchmarks.postgresql import cluster
from benchmarks.report import Pace, Result, Shown, middle
from benchmarks.server import free_port, portero_env
from portero.core.audit import Actor, Origin
from portero.wiring import House

_SMALL: Final = 1000
_TURNS_PER_ROUND: Final = 4
_LOGINS_PER_TURN: Final = 50
# The cheapest hash that settings allow: it is not what is measured.
_CHEAP_HASH: Final = {"PORTERO_ARGON2_TIME_COST": "1", "PORTERO_ARGON2_MEMORY_KIB": "7168"}
_ACTOR: Final = Actor.anonymous(Origin("bench", "127.0.0.1", "benchmark"))


def run(pace: Pace) -> Result:
    shown, figures = [], {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portero-bench-")))
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user when we are root
        server = stack.enter_context(cluster(folder))
        for kind in ("sqlite", "postgresql"):
            measured = _measured(folder / kind, kind, server.new_database, pace)
            figures[kind] = measured
            shown.append(
                Shown(
                    f"SQL of a login, {pace.accounts:,} / {_SMALL:,} accounts, {kind}",
                    measured["ratio"],
                    1.3,
                    at_least=False,
                )
            )
    return Result("scale", "Does a login's SQL grow with the accounts?", tuple(shown), figures)


def _measured(
    folder: Path, kind: str, new_database: Callable[[str], str], pace: Pace
) -> dict[str, Any]:
    """Microseconds of SQL per login, of the small and the large database in turn."""
    sizes, filled_seconds, subjects = {"small": _SMALL, "large": pace.accounts}, {}, {}
    for name, count in sizes.items():
        place = folder / name
        place.mkdir(parents=True)
        more = {"DATABASE_URL": new_database(f"{kind}_{name}")} if kind == "postgresql" else {}
        house = opened(place, portero_env(place, free_port(), **_CHEAP_HASH, **more))
        began = time.perf_counter()
        fill(house, count)
        filled_seconds[name] = time.perf_counter() - began
        subjects[name] = _Subject(house, count)
    for subject in subjects.values():
        subject.turn(_LOGINS_PER_TURN)  # statements compiled, pages in the cache
    spent: dict[str, list[float]] = {name: [] for name in sizes}
    for _ in range(pace.rounds * _TURNS_PER_ROUND):
        for name, subject in subjects.items():
            spent[name] += subject.turn(_LOGINS_PER_TURN)
    for subject in subjects.values():
        subject.close()
    medians = {name: middle(each) for name, each in spent.items()}
    return {
        "ratio": medians["large"] / medians["small"],
        "accounts": sizes,
        "logins": {name: len(each) for name, each in spent.items()},
        "median_us_per_login": medians,
        "mean_us_per_login": {name: sum(each) / len(each) for name, each in spent.items()},
        "filled_in_seconds": filled_seconds,
    }


class _Subject:
    """A house under measurement, which knows how long its transactions took."""

    def __init__(self, house: House, count: int) -> None:
        self._house = house
        self._count = count
        self._choice = random.Random(count)
        self._spent_us = 0.0
        db = house.db
        db.write = self._timed(db.write)  # type: ignore[method-assign]
        db.read = self._timed(db.read)  # type: ignore[method-assign]
        if db.dialect == "sqlite":
            sa.event.listen(db.engine, "connect", _wait_for_no_disk)

    def turn(self, logins: int) -> list[float]:
        """Log in so often; microseconds of SQL of each."""
        spent = []
        for _ in range(logins):
            self._spent_us = 0.0
            self._log_in(username(self._choice.randrange(self._count)))
            spent.append(self._spent_us)
        return spent

    def close(self) -> None:
        self._house.hasher.close()
        self._house.db.dispose()

    def _log_in(self, name: str) -> None:
        rooms = self._house.rooms
        signed_in = rooms.sign_in.with_password(_ACTOR, name, PASSWORD)
        rooms.provider.session_grant.redeem(_ACTOR, signed_in.session, signed_in.account)

    def _timed(self, transaction: Callable[..., Any]) -> Callable[..., Any]:
        def run(*told: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return transaction(*told, **more)
            finally:
                self._spent_us += 1e6 * (time.perf_counter() - began)

        return run


def _wait_for_no_disk(connection: Any, record: Any) -> None:
    """As in `benchmarks.postgresql`: an fsync costs the same at any size, and ten times what the
    statements do, so that no growth would show beside it."""
    connection.execute("PRAGMA synchronous=OFF")
