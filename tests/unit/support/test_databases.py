"""Which cases run on which database, and what engines of one kind share."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from portero.kit.db import Database
from tests.support.database import BACKENDS, new_sqlite


@pytest.mark.parametrize("case", range(3))
def test_the_cases_of_a_test_run_on_postgresql_once(database_url: str, case: int) -> None:
    assert case == 0 or sa.make_url(database_url).get_backend_name() == BACKENDS[0]


def test_what_was_compiled_for_one_database_serves_another(tmp_path: Path) -> None:
    """A statement made anew is the same object's text only where it was not compiled again."""
    compiled = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        db = Database(new_sqlite(tmp_path / name))
        compiled.append(
            db.read(lambda tx: tx.execute(sa.select(sa.literal(1) + 2)).context.compiled)
        )
        db.dispose()
    assert compiled[0] is compiled[1]
