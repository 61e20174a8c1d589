"""The statements that a request costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tests.support.house import Home


@contextmanager
def counted(home: Home) -> Iterator[list[str]]:
    """The statements that run meanwhile. BEGIN and COMMIT go past SQLAlchemy's cursor event, or
    are left out here."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    engine = home.house.db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def but_for_the_audit(statements: list[str]) -> list[str]:
    return [each for each in statements if "audit_entries" not in each]
