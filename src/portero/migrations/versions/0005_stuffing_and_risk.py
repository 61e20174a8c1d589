"""The alarm about lists of stolen passwords, and what doubts about a sign-in leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_stuffing_and_risk"
down_revision = "0004_push_and_pressure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("doubted", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "stuffing_names",
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("network", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("window_at", "network", "name", name=op.f("pk_stuffing_names")),
    )
    op.create_table(
        "stuffing_standing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ratio_mean", sa.Float(), nullable=False),
        sa.Column("ratio_deviation", sa.Float(), nullable=False),
        sa.Column("names_mean", sa.Float(), nullable=False),
        sa.Column("names_deviation", sa.Float(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calm_windows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stuffing_standing")),
    )
    op.create_table(
        "stuffing_windows",
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("began_at", name=op.f("pk_stuffing_windows")),
    )


def downgrade() -> None:
    op.drop_table("stuffing_windows")
    op.drop_table("stuffing_standing")
    op.drop_table("stuffing_names")
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_column("doubted")
