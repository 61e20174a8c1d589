"""PostgreSQL's short way: several statements in one round trip, each prepared at its first use.

A cursor of psycopg costs twice what libpq needs for a small statement, and waits for each answer.
Here a statement whose answer nobody needs is sent with the next one or with COMMIT, and BEGIN with
the first. That is libpq's pipeline mode, used through psycopg's `pq`; psycopg still connects, rolls
back, converts the values and names the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from select import POLLIN, POLLOUT, poll
from typing import Any, Final

import psycopg
from psycopg.adapt import Buffer, PyFormat, Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult


class StatementFailed(Exception):
    """`error` is the driver's."""

    def __init__(self, statement: str, error: psycopg.Error) -> None:
        super().__init__(statement)
        self.statement = statement
        self.error = error


@dataclass(frozen=True, slots=True)
class _Command:
    statement: str
    values: Sequence[Buffer | None]


_BEGIN: Final = _Command("BEGIN", ())
_COMMIT: Final = _Command("COMMIT", ())


class Pipeline:
    """The statements of one connection, which prepares nothing by itself (`prepare_threshold`).

    They have placeholders `$1`, `$2`. Everything here raises `StatementFailed`.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._pgconn = connection.pgconn
        self._converter = Transformer(connection)
        self._socket = poll()
        self._names: dict[str, bytes] = {}  # by statement, of what the server has prepared
        self._named = 0
        self._waiting: list[_Command] = []

    def later(self, statement: str, values: Sequence[object]) -> None:
        """Run it before whatever is run next; its answer is of no interest."""
        try:
            given = self._converter.dump_sequence(values, [PyFormat.TEXT] * len(values))
        except psycopg.Error as error:
            raise StatementFailed(statement, error) from error
        self._waiting.append(_Command(statement, given))

    def rows(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run it; what it selects or returns."""
        self.later(statement, values)
        answer = self._exchanged()
        self._converter.set_pgresult(answer)
        return self._converter.load_rows(0, answer.ntuples, tuple)

    def changed(self, statement: str, values: Sequence[object]) -> int:
        """Run it; how many rows it changed."""
        self.later(statement, values)
        return self._exchanged().command_tuples or 0

    def flush(self) -> None:
        """Run what waits."""
        if self._waiting:
            self._exchanged()

    def commit(self) -> None:
        """Run what waits, and commit, in one round trip."""
        if self._waiting or self._pgconn.transaction_status != TransactionStatus.IDLE:
            self._waiting.append(_COMMIT)
            self._exchanged()

    def forget(self) -> None:
        """What waits has nothing to wait for any more: its transaction was rolled back."""
        self._waiting = []

    def _exchanged(self) -> PGresult:
        """Send what waits; the answer to the last of it."""
        waiting, self._waiting = self._waiting, []
        if self._pgconn.transaction_status == TransactionStatus.IDLE:
            waiting.insert(0, _BEGIN)
        known = dict(self._names)
        try:
            said = self._send(waiting)
            answers = self._received(said)
            self._pgconn.exit_pipeline_mode()
        except StatementFailed:
            self._pgconn.exit_pipeline_mode()
            self._names = known  # what came after the failure was not prepared
            raise
        except BaseException as error:
            self._pgconn.finish()  # in the middle of an answer nothing else can be asked
            if isinstance(error, psycopg.Error):
                raise StatementFailed(waiting[-1].statement, error) from error
            raise
        return answers[-1]

    def _send(self, commands: Sequence[_Command]) -> list[str]:
        """What was sent, statement by statement; each has one answer."""
        said = []
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        for command in commands:
            name = self._names.get(command.statement)
            if name is None:
                name = self._prepare(command.statement)
                said.append(command.statement)
            pgconn.send_query_prepared(name, command.values)
            said.append(command.statement)
        pgconn.pipeline_sync()
        return said

    def _prepare(self, statement: str) -> bytes:
        self._named += 1
        name = self._names[statement] = b"portero_%d" % self._named
        self._pgconn.send_prepare(name, statement.encode())
        return name

    def _received(self, said: Sequence[str]) -> list[PGresult]:
        """The answers. After a failure the server skips the rest, and says so of each."""
        answers: list[PGresult] = []
        failure: StatementFailed | None = None
        while self._pgconn.flush():
            self._until(POLLIN | POLLOUT)  # or both sides wait for the other to read
        while True:
            while self._pgconn.is_busy():
                self._until(POLLIN)
            answer = self._pgconn.get_result()
            if answer is None:
                if self._pgconn.status == ConnStatus.BAD:
                    raise OperationalError(self._pgconn.get_error_message())
                continue  # between two statements
            if answer.status == ExecStatus.PIPELINE_SYNC:
                break
            if answer.status == ExecStatus.FATAL_ERROR and failure is None:
                error = error_from_result(answer)
                if len(answers) == len(said):
                    raise error  # no statement's: the server's last word to whom it cuts off
                failure = StatementFailed(said[len(answers)], error)
            answers.append(answer)
        if failure is not None:
            raise failure
        return answers

    def _until(self, events: int) -> None:
        self._socket.register(self._pgconn.socket, events)
        self._socket.poll()
        self._pgconn.consume_input()
