"""The way to the driver: both engines, and statements that go past SQLAlchemy's execution."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import sqlalchemy as sa
from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from portero.kit.db import Patience
    from portero.kit.pipeline import Pipeline

T = TypeVar("T")

READ_ONLY: Final = "portero_read_only"
_PIPELINE: Final = "portero_pipeline"
_LOOK_AGAIN_SECONDS: Final = 0.01
# Of a PostgreSQL engine's listeners to its statements: `keep_order`.
OWN_LISTENERS: Final = 1


def sqlite_engine(url: sa.URL, patience: Patience) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.NullPool,  # `kit/connections.py` keeps them
        pool_reset_on_return=None,
        hide_parameters=True,
        json_serializer=_json_text,
        json_deserializer=_json_value,
        connect_args={"check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        _use_wal(connection, give_up_at=time.monotonic() + patience.lock)
        for pragma in (
            "foreign_keys=ON",
            f"busy_timeout={_ms(patience.lock)}",
            # FULL: what was acknowledged survives a power cut, not only a kill -9.
            "synchronous=FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A deferred transaction that writes after reading fails at once when another writer came
        # between; IMMEDIATE waits for its turn instead.
        read_only = connection.info.get(READ_ONLY, False)
        run_on_driver(connection, "BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _json_text(value: object) -> str:
    """What has no UTF-8 is left to `json`, which escapes it; so it is where it is read."""
    try:
        return to_json(value).decode()
    except ValueError:
        return json.dumps(value)


def _json_value(text: str | bytes) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def _use_wal(connection: Any, *, give_up_at: float) -> None:
    """Two that open a new file at once both want to change its mode, and SQLite then answers
    "locked" at once, without its busy handler: so we wait for the other one to have done it."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            is_busy = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not is_busy or time.monotonic() >= give_up_at:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def postgresql_engine(url: sa.URL, patience: Patience) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.NullPool,
        pool_reset_on_return=None,
        # Parameters are hashes and sealed secrets: they are for no log.
        hide_parameters=True,
        json_serializer=_json_text,
        json_deserializer=_json_value,
        connect_args={
            "connect_timeout": 5,
            "application_name": "portero",
            # What is worth it is prepared by `kit/pipeline.py`. psycopg would drop all that is
            # prepared, ours too, at each rollback.
            "prepare_threshold": None,
        },
    )

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        connection.execute(set_timeouts("SET", patience))
        connection.commit()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def keep_order(tx: sa.Connection, cursor: Any, *rest: Any) -> None:
        if cursor is not None:  # not one of the pipeline itself
            flush(tx)

    @sa.event.listens_for(engine, "commit")
    def commit(tx: sa.Connection) -> None:
        if _PIPELINE not in tx.info:
            return
        try:
            run_in_pipeline(tx, lambda pipeline: pipeline.commit())
        except sa.exc.DBAPIError:
            if not tx.invalidated:
                tx.connection.rollback()  # SQLAlchemy does so for a commit of its own alone
            raise

    @sa.event.listens_for(engine, "rollback")
    def forget(tx: sa.Connection) -> None:
        if not tx.invalidated and _PIPELINE in tx.info:
            tx.info[_PIPELINE].forget()

    return engine


def set_timeouts(verb: str, patience: Patience) -> str:
    """A holder of locks whose process stands still is ended too, after `statement`."""
    return "; ".join(
        f"{verb} {name} = {_ms(seconds)}"
        for name, seconds in (
            ("lock_timeout", patience.lock),
            ("statement_timeout", patience.statement),
            ("idle_in_transaction_session_timeout", patience.statement),
        )
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def run_on_driver(tx: sa.Connection, statement: str, values: Any = ()) -> Any:
    """Run it on a cursor of the driver's own, which is given back.

    Listeners see it and its errors are SQLAlchemy's, as with `tx.execute`; but an error never
    shows the values.
    """
    driver: Any = tx.connection.dbapi_connection
    cursor = driver.cursor()
    for listener in tx.engine.dispatch.before_cursor_execute:
        listener(tx, cursor, statement, values, None, False)
    try:
        cursor.execute(statement, values)
    except tx.dialect.loaded_dbapi.Error as error:
        raise _as_execute_raises(tx, statement, error) from error
    return cursor


def run_in_pipeline(tx: sa.Connection, send: Callable[[Pipeline], T]) -> T:
    """`send` statements by PostgreSQL's short way. The errors are SQLAlchemy's."""
    from portero.kit.pipeline import Pipeline, StatementFailed

    pipeline = tx.info.get(_PIPELINE)
    if pipeline is None:
        driver: Any = tx.connection.driver_connection
        pipeline = tx.info[_PIPELINE] = Pipeline(driver)
    try:
        return send(pipeline)
    except StatementFailed as failed:
        raise _as_execute_raises(tx, failed.statement, failed.error) from failed.error


def flush(tx: sa.Connection) -> None:
    """Send the statements that wait for others, if there are any."""
    if _PIPELINE in tx.info:
        run_in_pipeline(tx, lambda pipeline: pipeline.flush())


def _as_execute_raises(tx: sa.Connection, statement: str, error: Any) -> sa.exc.DBAPIError:
    dialect = tx.dialect
    is_gone = dialect.is_disconnect(error, tx.connection.driver_connection, None)
    if is_gone:
        tx.invalidate(error)
    raised = sa.exc.DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error,
        hide_parameters=True, connection_invalidated=is_gone, dialect=dialect,
    )  # fmt: skip
    return cast("sa.exc.DBAPIError", raised)
