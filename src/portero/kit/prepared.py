"""Statements that a sign-in runs every time: compiled once, then run the short way to the driver.

SQLAlchemy's execution of one small statement costs three times what SQLite needs to answer it, and
a sign-in has a dozen. Here the SQL and the conversion of values still come from SQLAlchemy; only
the way to the database is ours: a cursor of the driver on SQLite, `kit/pipeline.py` on PostgreSQL.
Errors are SQLAlchemy's, so that `kit/db.py` retries and reports them alike. For the few hot
statements only: everything else is `tx.execute`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.ext.compiler import compiles

from portero.kit.db import Tx
from portero.kit.engines import OWN_LISTENERS, run_in_pipeline, run_on_driver

Convert = Callable[[Any], Any]
Conversions = tuple[tuple[int, Convert], ...]  # with the place of what each converts
Row = dict[str, Any]
RowByColumn = dict[sa.ColumnElement[Any], Any]
K = TypeVar("K")

_MOST_ROWS: Final = 64  # in one statement; of 14 values, that SQLite takes 32 766 of
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")


class Prepared:
    """One statement; each dialect's form is made when it is first run.

    `columns` are the names that an INSERT without values takes. Thread-safe: two threads that
    compile at once make the same thing twice. A value that is missing is a KeyError.
    """

    def __init__(self, statement: sa.ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._forms: dict[str, _Form] = {}

    def rows(self, tx: Tx, values: Mapping[str, object]) -> list[Row]:
        """Run it; what it selects or returns, by column name."""
        form = self._form(tx)
        return [form.row(form.names, each) for each in form.fetched(tx, values)]

    def one_or_none(self, tx: Tx, values: Mapping[str, object]) -> Row | None:
        """The row of a statement that finds at most one."""
        form = self._form(tx)
        fetched = form.fetched(tx, values)
        return form.row(form.names, fetched[0]) if fetched else None

    def rows_by_column(self, tx: Tx, values: Mapping[str, object]) -> list[RowByColumn]:
        """As `rows`, of a statement that joins tables in which a name stands twice."""
        form = self._form(tx)
        return [form.row(form.columns, each) for each in form.fetched(tx, values)]

    def run(self, tx: Tx, values: Mapping[str, object]) -> int:
        """Run it; how many rows it changed."""
        return self._form(tx).changed(tx, values)

    def later(self, tx: Tx, values: Mapping[str, object]) -> None:
        """Run it in its turn, where nobody needs the answer: PostgreSQL is sent it together with
        the next statement of the transaction, or before its commit. Then an error comes too."""
        self._form(tx).later(tx, values)

    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None:
        """As `later`, once for each of the rows. For an INSERT of values."""
        self._form(tx).run_many(tx, rows)

    def _form(self, tx: Tx) -> _Form:
        dialect = tx.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._made(dialect)
        return form

    def _made(self, dialect: sa.Dialect) -> _Form:
        kind = _OnCursor if dialect.name == "sqlite" else _InPipeline
        return kind(self._statement, self._columns, dialect)


class UpdateBeside(Prepared):
    """An UPDATE of the rows beside which a query finds one, and what it finds: one statement for
    two. `on` are the columns that are equal, of the updated table and of the query."""

    def __init__(
        self, update: sa.Update, found: sa.Select[Any], *, on: tuple[sa.Column[Any], sa.Column[Any]]
    ) -> None:
        super().__init__(update)
        self._update = update
        self._found = found
        self._on = on

    def _made(self, dialect: sa.Dialect) -> _Form:
        own, others = self._on
        columns = self._found.selected_columns
        if dialect.name != "sqlite":
            joined = self._found.subquery()
            update = self._update.where(own == joined.corresponding_column(others))
            return _InPipeline(update.returning(*joined.c), None, dialect, columns)
        # RETURNING sees the updated table alone; a query inside it gives one value, so its row
        # comes as one JSON array.
        beside = self._found.where(own == others).correlate(own.table)
        packed = beside.with_only_columns(sa.func.json_array(*columns)).scalar_subquery()
        update = self._update.where(beside.with_only_columns(others).exists())
        return _Packed(update.returning(_Inner(packed)), None, dialect, columns)


class _Inner(sa.ColumnElement[str]):
    """A query inside RETURNING, where SQLAlchemy writes SQLite's columns without their table."""

    inherit_cache = False

    def __init__(self, query: sa.ScalarSelect[Any]) -> None:
        self.query = query


@compiles(_Inner)
def _with_its_tables(inner: _Inner, compiler: sa.sql.compiler.SQLCompiler, **how: Any) -> str:
    return compiler.process(inner.query, **{**how, "include_table": True})


class _Form(ABC):
    """A statement as one driver takes it."""

    def __init__(
        self,
        statement: sa.ClauseElement,
        columns: Sequence[str] | None,
        dialect: sa.Dialect,
        returned: Iterable[sa.ColumnElement[Any]] | None = None,
    ) -> None:
        """`returned` are the columns of a row, where the statement itself has others."""
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if not isinstance(compiled, sa.sql.compiler.SQLCompiler):
            raise TypeError("not a statement")
        self._sql = str(compiled)
        self._order = self._placeholders(compiled)
        # The name in the SQL may differ from the one that the caller knows.
        known = {str(name): bind for bind, name in compiled.bind_names.items()}
        asked = [name for name in dict.fromkeys(self._order) if known[name].required]
        fixed = [name for name in dict.fromkeys(self._order) if not known[name].required]
        self._asked = _picks([str(known[name].key) for name in asked])
        self._to_driver = _at_their_places(_to_driver(known[n].type, dialect) for n in asked)
        self._fixed = _converted(
            (known[name].value for name in fixed),
            _at_their_places(_to_driver(known[name].type, dialect) for name in fixed),
        )
        # A value may stand at several places; it is converted once.
        self._at_each_place = _picks([[*asked, *fixed].index(name) for name in self._order])
        self.columns = tuple(_returned(statement) if returned is None else returned)
        self.names = tuple(str(column.key) for column in self.columns)
        self._from_driver = _at_their_places(
            _from_driver(each.type, dialect) for each in self.columns
        )

    @abstractmethod
    def _placeholders(self, compiled: sa.sql.compiler.SQLCompiler) -> Sequence[str]:
        """The names of the values that the driver is given, in order."""

    @abstractmethod
    def fetched(self, tx: Tx, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        """The rows as the driver gives them."""

    @abstractmethod
    def changed(self, tx: Tx, values: Mapping[str, object]) -> int: ...

    @abstractmethod
    def later(self, tx: Tx, values: Mapping[str, object]) -> None: ...

    @abstractmethod
    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None: ...

    def row(self, keys: Iterable[K], fetched: Iterable[Any]) -> dict[K, Any]:
        return dict(zip(keys, _converted(fetched, self._from_driver), strict=True))

    def _given(self, values: Mapping[str, object]) -> Sequence[Any]:
        told = _converted(self._asked(values), self._to_driver)
        return self._at_each_place(told + self._fixed if self._fixed else told)


class _OnCursor(_Form):
    """SQLite: a call, and the answer is there."""

    def _placeholders(self, compiled: sa.sql.compiler.SQLCompiler) -> Sequence[str]:
        return compiled.positiontup or ()

    def fetched(self, tx: Tx, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        found: list[Sequence[Any]] = run_on_driver(tx, self._sql, self._given(values)).fetchall()
        return found

    def changed(self, tx: Tx, values: Mapping[str, object]) -> int:
        count: int = run_on_driver(tx, self._sql, self._given(values)).rowcount
        return count

    def later(self, tx: Tx, values: Mapping[str, object]) -> None:
        run_on_driver(tx, self._sql, self._given(values))

    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None:
        # The driver lets go of the interpreter at each statement. To get it back from a busy event
        # loop costs more than a row, so a statement has many; their numbers are powers of two, or
        # each would be another statement to be kept.
        given = [self._given(values) for values in rows]
        if len(given) == 1:
            run_on_driver(tx, self._sql, given.pop())
        head, keyword, group = self._sql.partition(" VALUES ")
        while given:
            size = 1 << min(len(given), _MOST_ROWS).bit_length() - 1
            sql = head + keyword + ", ".join([group] * size)
            run_on_driver(tx, sql, [each for row in given[:size] for each in row])
            del given[:size]


class _Packed(_OnCursor):
    """SQLite, where each row comes as a JSON array."""

    def fetched(self, tx: Tx, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        return [from_json(packed) for (packed,) in super().fetched(tx, values)]


class _InPipeline(_Form):
    """PostgreSQL, whose placeholders are numbers. Listeners are shown SQLAlchemy's names."""

    def _placeholders(self, compiled: sa.sql.compiler.SQLCompiler) -> Sequence[str]:
        numbers: dict[str, int] = {}

        def number(name: re.Match[str]) -> str:
            return f"${numbers.setdefault(name[1], len(numbers) + 1)}"

        self._numbered = _PLACEHOLDER.sub(number, self._sql).replace("%%", "%")
        return tuple(numbers)

    def fetched(self, tx: Tx, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        given = self._told(tx, values)
        return run_in_pipeline(tx, lambda pipeline: pipeline.rows(self._numbered, given))

    def changed(self, tx: Tx, values: Mapping[str, object]) -> int:
        given = self._told(tx, values)
        return run_in_pipeline(tx, lambda pipeline: pipeline.changed(self._numbered, given))

    def later(self, tx: Tx, values: Mapping[str, object]) -> None:
        given = self._told(tx, values)
        run_in_pipeline(tx, lambda pipeline: pipeline.later(self._numbered, given))

    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None:
        for values in rows:
            self.later(tx, values)

    def _told(self, tx: Tx, values: Mapping[str, object]) -> Sequence[Any]:
        """What the driver is given, after the listeners have seen it."""
        given = self._given(values)
        listeners = tx.engine.dispatch.before_cursor_execute
        if len(listeners) > OWN_LISTENERS:
            named = dict(zip(self._order, given, strict=True))
            for listener in listeners:
                listener(tx, None, self._sql, named, None, False)
        return given


def _picks(keys: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    """What stands under each of the keys: in one step of the interpreter, where there are more."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda values: tuple(values[key] for key in keys)


def _at_their_places(conversions: Iterable[Convert | None]) -> Conversions:
    return tuple((at, convert) for at, convert in enumerate(conversions) if convert is not None)


def _converted(values: Iterable[Any], conversions: Conversions) -> list[Any]:
    """Most values are the driver's own, so only the others are looked at."""
    made = list(values)
    for at, convert in conversions:
        made[at] = convert(made[at])
    return made


def _returned(statement: sa.ClauseElement) -> Iterable[sa.ColumnElement[Any]]:
    if isinstance(statement, sa.Select):
        return statement.selected_columns
    if isinstance(statement, sa.TextualSelect):
        return statement.selected_columns
    if isinstance(statement, sa.UpdateBase):
        return statement.exported_columns
    return ()


def _to_driver(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
