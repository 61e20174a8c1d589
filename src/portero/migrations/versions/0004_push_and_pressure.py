"""Approval by push, what holds under pressure, and who has to prove a second factor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_push_and_pressure"
down_revision = "0003_sign_in"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("passwords", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("by_mail", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("factors_put_aside_at", sa.DateTime(timezone=True), nullable=True)
        )
    _second_factor_rules()


def _second_factor_rules() -> None:
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "wanted_second_factor", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("factors_put_aside_at")
    with op.batch_alter_table("passwords", schema=None) as batch_op:
        batch_op.drop_column("by_mail")
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_column("wanted_second_factor")
