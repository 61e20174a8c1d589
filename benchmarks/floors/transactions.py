"""The SQL of a verb and nothing else: recorded transactions on the bare driver, behind HTTP.

`python -m benchmarks.floors.transactions PORT THREADS FILE`. The same server, crew of threads and
durability as Portero's; no SQLAlchemy, no form, no check, no signature. `/NAME/N` runs the Nth
transaction of a flow called NAME, for the person whose turn it is.
"""

from __future__ import annotations

import itertools
import pickle
import secrets
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
import uuid_utils
from psycopg.types.json import Jsonb

from benchmarks.floors.asgi_handler import Receive, Send, answer, live, read_body
from benchmarks.recorded import AsJsonb, Fresh, Statement, Template, Value
from portero.web.crew import Crew

_PRAGMAS: Final = ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=FULL")
# Places in the status list that no server gives out.
_NUMBERS: Final = itertools.count(20_000_000)


class Flow:
    """One person's way through a template, again and again."""

    def __init__(self, made_of: Template) -> None:
        self._template = made_of
        self._values: dict[str | int, Value] = {}
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at == len(self._template.transactions)

    def transaction(self) -> list[tuple[str, Any]]:
        """The next one's statements and values."""
        if self._at == len(self._template.transactions):
            self._at = 0
        if self._at == 0:
            before = self._values
            self._values = {name: before.get(of, of) for name, of in self._template.carried.items()}
        statements = self._template.transactions[self._at]
        self._at += 1
        return [(each.text, self._filled(each)) for each in statements]

    def _filled(self, statement: Statement) -> Any:
        if isinstance(statement.values, Mapping):
            return {name: self._value(each) for name, each in statement.values.items()}
        return tuple([self._value(each) for each in statement.values])

    def _value(self, value: Value) -> Value:
        if isinstance(value, Fresh):
            known = self._values.get(value.name)
            if known is None:
                known = self._values[value.name] = _fresh(value.name)
            return known
        return Jsonb(value.value) if isinstance(value, AsJsonb) else value


def _fresh(like: str | int) -> str | int:
    if isinstance(like, int):
        return next(_NUMBERS)
    return secrets.token_hex(32) if len(like) == 64 else str(uuid_utils.uuid7())


class SqliteFloor:
    """One writer at a time, which is SQLite's own rule."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def run(self, statements: list[tuple[str, Any]]) -> None:
        with self._turn:
            connection = self._connection or self._connected()
            connection.execute("BEGIN IMMEDIATE")
            for text, values in statements:
                connection.execute(text, values).fetchall()
            connection.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        made = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            made.execute(f"PRAGMA {pragma}")
        self._connection = made
        return made


class PostgresqlFloor:
    """A connection for each thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = threading.local()

    def run(self, statements: list[tuple[str, Any]]) -> None:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = psycopg.connect(self._url)
        for text, values in statements:
            cursor = connection.cursor()
            cursor.execute(text, values)
            if cursor.description is not None:
                cursor.fetchall()
        connection.commit()


class Handlers:
    def __init__(
        self,
        database: SqliteFloor | PostgresqlFloor,
        flows: dict[str, list[Template]],
        threads: int,
    ) -> None:
        self._database = database
        self._crew = Crew(threads=threads, queue=64)
        self._waiting = {
            f"/{name}/{number}": deque(map(Flow, templates) if number == 0 else ())
            for name, templates in flows.items()
            for number in range(len(templates[0].transactions))
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        if scope["method"] == "POST":
            await read_body(receive)
        path = scope["path"]
        if path in self._waiting:
            flow = self._waiting[path].popleft()
            await self._crew.run(self._database.run, flow.transaction())
            name, _, number = path.rpartition("/")
            following = 0 if flow.is_done else int(number) + 1
            self._waiting[f"{name}/{following}"].append(flow)
        await answer(send, 200, b'{"status":"ok"}')


def _main(port: int, threads: int, place: Path) -> None:
    from portero.cli.serving import serve

    told = pickle.loads(place.read_bytes())
    url: str = told["url"]
    database = PostgresqlFloor(url) if "://" in url else SqliteFloor(url)
    serve(lambda: Handlers(database, told["flows"], threads), host="127.0.0.1", port=port)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
