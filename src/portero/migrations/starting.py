"""What a process does about the schema before it begins to work with a database."""

from __future__ import annotations

from portero.kit.db import Database
from portero.migrations import runner


class SchemaBehind(Exception):
    """The database has to be migrated first, and its operator decides when."""

    def __init__(self, found: str | None) -> None:
        super().__init__(
            f"The database is at revision {found or 'none'}, and this version of Portero needs "
            f"{runner.HEAD}: run `portero db upgrade` first."
        )


def make_current(db: Database) -> list[str]:
    """The revisions applied. The embedded database is brought to `HEAD`; PostgreSQL is only
    looked at, because a change of its schema is planned: raises `SchemaBehind`.

    An embedded database that is newer than the code raises `UnknownRevision`. At `HEAD`, Alembic
    is not imported.
    """
    found = runner.current(db)
    if (found or "") == runner.HEAD:
        return []
    if db.dialect == "sqlite":
        return runner.upgrade(db)
    raise SchemaBehind(found)
