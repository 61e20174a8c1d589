"""What SQL a verb runs, written down so that it can be run again without the verb.

The floor of a write is the same statements in the same transactions on the bare driver. They are
not copied by hand: the verb runs twice for one person, and what differs between the two runs (ids,
hashes, numbers of tokens) is what a replay has to make anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from portero.kit.db import Database

# Ids and hashes. What else differs (a time, a JSON text with an id in it) may stay as it was.
_NAME: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}")

Value = Any
Values = Mapping[str, Value] | tuple[Value, ...]
_Place = tuple[Any, ...]  # of a value: transaction, statement, parameter

# Now and then a verb runs one statement more than the time before: a block of numbers is leased.
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Fresh:
    """Stands for a value that each replay makes; the same `name`, the same value."""

    name: str | int


@dataclass(frozen=True, slots=True)
class AsJsonb:
    value: Any


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    values: Values


@dataclass(frozen=True, slots=True)
class Template:
    """The transactions of one verb or flow. `carried`: a value that is the one which another name
    had in the replay before, as a refresh token is its predecessor's successor."""

    transactions: list[list[Statement]]
    carried: dict[str | int, str | int] = field(default_factory=dict)


def template(db: Database, verb: Callable[[], object]) -> Template:
    """Run the verb twice, and make a template of what differs."""
    for _ in range(_TRIES):
        first, second = _recorded(db, verb), _recorded(db, verb)
        before, now = dict(_slots(first)), dict(_slots(second))
        if before.keys() == now.keys():
            return _compared(second, before, now)
    raise RuntimeError("the verb never ran the same statements twice")


def _compared(
    transactions: list[list[Statement]], before: dict[_Place, Value], now: dict[_Place, Value]
) -> Template:
    fresh = {place for place, value in now.items() if _is_name(value) and value != before[place]}
    # Where a value of the first run comes back in the second, its place there names its successor.
    places = {before[place]: place for place in fresh if isinstance(before[place], str)}
    carried = {now[each]: now[places[now[each]]] for each in fresh if now[each] in places}
    marked = [
        [_marked(each, number, at, fresh) for at, each in enumerate(statements)]
        for number, statements in enumerate(transactions)
    ]
    return Template(marked, carried)


def _recorded(db: Database, verb: Callable[[], object]) -> list[list[Statement]]:
    with _recording(db) as transactions:
        verb()
    return transactions


@contextmanager
def _recording(db: Database) -> Iterator[list[list[Statement]]]:
    transactions: list[list[Statement]] = []

    def began(connection: sa.Connection) -> None:
        transactions.append([])

    def ran(connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool) -> None:
        if not text.startswith("BEGIN"):
            transactions[-1].append(Statement(text, _plain(values)))

    heard = (("begin", began), ("before_cursor_execute", ran))
    for name, listener in heard:
        sa.event.listen(db.engine, name, listener, insert=True)
    try:
        yield transactions
    finally:
        for name, listener in heard:
            sa.event.remove(db.engine, name, listener)


def _plain(values: Any) -> Values:
    """Without objects of the driver's own, which can't travel to another process."""
    if isinstance(values, Mapping):
        return {name: _plain_one(value) for name, value in values.items()}
    return tuple(_plain_one(value) for value in values)


def _plain_one(value: Any) -> Any:
    return AsJsonb(value.obj) if isinstance(value, Jsonb) else value


def _slots(transactions: list[list[Statement]]) -> Iterator[tuple[_Place, Value]]:
    for number, statements in enumerate(transactions):
        for at, statement in enumerate(statements):
            yield (number, at, statement.text), None
            for key, value in _items(statement.values):
                yield (number, at, key), value


def _items(values: Values) -> list[tuple[Any, Value]]:
    return list(values.items() if isinstance(values, Mapping) else enumerate(values))


def _is_name(value: Value) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number or (isinstance(value, str) and _NAME.fullmatch(value) is not None)


def _marked(statement: Statement, number: int, at: int, fresh: set[_Place]) -> Statement:
    marked = {
        key: Fresh(value) if (number, at, key) in fresh else value
        for key, value in _items(statement.values)
    }
    is_named = isinstance(statement.values, Mapping)
    return Statement(statement.text, marked if is_named else tuple(marked.values()))
