"""Run by Alembic, never imported: joins the open transaction with the tables of the code."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationInfo

from portero.kit.db import Json, UtcTime
from portero.migrations.tables import all_tables


def render_plainly(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types as SQLAlchemy's: a revision must not change with our code."""
    if kind != "type":
        return False
    if isinstance(item, UtcTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, type(Json)):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def remember(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:
    context.config.attributes["applied"].extend(step.up_revision_ids)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    version_table=context.config.get_main_option("version_table"),
    render_as_batch=True,
    render_item=render_plainly,
    on_version_apply=remember,
)
context.run_migrations()
