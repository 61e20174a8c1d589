"""Statements that a sign-in runs every time: compiled once, then run on the driver's own cursor.

SQLAlchemy's execution of one small statement costs three times what SQLite needs to answer it, and
a sign-in has a dozen. Here the SQL and the conversion of values still come from SQLAlchemy; only
the way from call to cursor is ours. Errors are SQLAlchemy's, so that `kit/db.py` retries and
reports them alike. For the few hot statements only: everything else is `tx.execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from portero.kit.db import Tx, run_on_driver

Convert = Callable[[Any], Any]
Row = dict[str, Any]
RowByColumn = dict[sa.ColumnElement[Any], Any]
K = TypeVar("K")


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
        return [form.row(form.names, each) for each in form.run(tx, values).fetchall()]

    def one_or_none(self, tx: Tx, values: Mapping[str, object]) -> Row | None:
        """The row of a statement that finds at most one."""
        form = self._form(tx)
        fetched = form.run(tx, values).fetchone()
        return None if fetched is None else form.row(form.names, fetched)

    def rows_by_column(self, tx: Tx, values: Mapping[str, object]) -> list[RowByColumn]:
        """As `rows`, of a statement that joins tables in which a name stands twice."""
        form = self._form(tx)
        return [form.row(form.columns, each) for each in form.run(tx, values).fetchall()]

    def run(self, tx: Tx, values: Mapping[str, object]) -> int:
        """Run it; how many rows it changed."""
        count: int = self._form(tx).run(tx, values).rowcount
        return count

    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None:
        """Run it for each of the rows, in one call of the driver."""
        self._form(tx).run_many(tx, rows)

    def _form(self, tx: Tx) -> _Form:
        dialect = tx.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, self._columns, dialect)
        return form


class _Form:
    """A statement as one driver takes it."""

    def __init__(
        self, statement: sa.ClauseElement, columns: Sequence[str] | None, dialect: sa.Dialect
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if not isinstance(compiled, sa.sql.compiler.SQLCompiler):
            raise TypeError("not a statement")
        self._sql = str(compiled)
        # The name in the SQL may differ from the one that the caller knows.
        parameters = {str(name): _of(bind, dialect) for bind, name in compiled.bind_names.items()}
        order = compiled.positiontup
        self._named = None if order is not None else parameters
        self._ordered = tuple(parameters[name] for name in order or ())
        self.columns = tuple(_returned(statement))
        self.names = tuple(str(column.key) for column in self.columns)
        self._from_driver = tuple(_from_driver(each.type, dialect) for each in self.columns)

    def run(self, tx: Tx, values: Mapping[str, object]) -> Any:
        return run_on_driver(tx, self._sql, self._given(values))

    def run_many(self, tx: Tx, rows: Iterable[Mapping[str, object]]) -> None:
        run_on_driver(tx, self._sql, [self._given(values) for values in rows], many=True)

    def _given(self, values: Mapping[str, object]) -> Any:
        if self._named is None:
            return tuple([of(values) for of in self._ordered])
        return {name: of(values) for name, of in self._named.items()}

    def row(self, keys: Iterable[K], fetched: Iterable[Any]) -> dict[K, Any]:
        converted = [
            value if convert is None else convert(value)
            for convert, value in zip(self._from_driver, fetched, strict=True)
        ]
        return dict(zip(keys, converted, strict=True))


def _of(bind: sa.BindParameter[Any], dialect: sa.Dialect) -> Callable[[Mapping[str, object]], Any]:
    """What stands for one placeholder: the caller's value of that key, or a fixed one."""
    key, convert = str(bind.key), _to_driver(bind.type, dialect)
    if not bind.required:
        fixed = bind.value if convert is None else convert(bind.value)
        return lambda values: fixed
    if convert is None:
        return itemgetter(key)
    return lambda values: convert(values[key])


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
