"""Statements that a sign-in runs every time: compiled once, then run on the driver's own cursor.

SQLAlchemy's execution of one small statement costs three times what SQLite needs to answer it, and
a sign-in has a dozen. Here the SQL and the conversion of values still come from SQLAlchemy; only
the way from call to cursor is ours. Errors are SQLAlchemy's, so that `kit/db.py` retries and
reports them alike. For the few hot statements only: everything else is `tx.execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from portero.kit.db import Tx, run_on_driver

Convert = Callable[[Any], Any]
Row = dict[str, Any]


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
        fetched = form.run(tx, values).fetchall()
        return [form.row(each) for each in fetched]

    def one_or_none(self, tx: Tx, values: Mapping[str, object]) -> Row | None:
        """The row of a statement that finds at most one."""
        form = self._form(tx)
        fetched = form.run(tx, values).fetchone()
        return None if fetched is None else form.row(fetched)

    def run(self, tx: Tx, values: Mapping[str, object]) -> int:
        """Run it; how many rows it changed."""
        count: int = self._form(tx).run(tx, values).rowcount
        return count

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
        self._order = compiled.positiontup
        # The name in the SQL may differ from the one that the caller knows.
        binds = {str(name): bind for bind, name in compiled.bind_names.items()}
        self._converts = [
            (name, convert)
            for name, bind in binds.items()
            if (convert := _to_driver(bind.type, dialect)) is not None
        ]
        self._keys = {name: bind.key for name, bind in binds.items() if bind.required}
        self._fixed = {name: bind.value for name, bind in binds.items() if not bind.required}
        self._columns = [
            (str(column.key), _from_driver(column.type, dialect)) for column in _returned(statement)
        ]

    def run(self, tx: Tx, values: Mapping[str, object]) -> Any:
        given = {name: values[key] for name, key in self._keys.items()} | self._fixed
        for name, convert in self._converts:
            given[name] = convert(given[name])
        order = self._order
        ordered = given if order is None else tuple([given[name] for name in order])
        return run_on_driver(tx, self._sql, ordered)

    def row(self, fetched: Sequence[Any]) -> Row:
        return {
            key: value if convert is None else convert(value)
            for (key, convert), value in zip(self._columns, fetched, strict=True)
        }


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
