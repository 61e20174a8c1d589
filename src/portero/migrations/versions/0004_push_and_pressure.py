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
        batch_op.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("factors_put_aside_at", sa.DateTime(timezone=True), nullable=True)
        )
    _second_factor_rules()
    _push()


def _second_factor_rules() -> None:
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "wanted_second_factor", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        batch_op.add_column(
            sa.Column("anew", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "second_factor_put_off", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
    op.create_table(
        "second_factor_dues",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_second_factor_dues_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor_dues")),
    )


def _push() -> None:
    op.create_table(
        "push_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("private_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_keys")),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("authenticator_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_push_subscriptions_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name=op.f("pk_push_subscriptions")),
    )
    op.create_table(
        "push_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.String(length=512), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_push_requests_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_requests")),
        sa.UniqueConstraint(
            "account_id", "purpose", name=op.f("uq_push_requests_account_id_purpose")
        ),
    )
    op.create_table(
        "push_secrets",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("authenticator_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["push_requests.id"],
            name=op.f("fk_push_secrets_request_id_push_requests"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_push_secrets_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_push_secrets")),
    )
    for table, column in (
        ("push_subscriptions", "account_id"),
        ("push_requests", "expires_at"),
        ("push_secrets", "request_id"),
        ("push_secrets", "authenticator_id"),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)


def downgrade() -> None:
    for table in ("push_secrets", "push_requests", "push_subscriptions", "push_keys"):
        op.drop_table(table)
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("factors_put_aside_at")
    with op.batch_alter_table("passwords", schema=None) as batch_op:
        batch_op.drop_column("failures")
        batch_op.drop_column("by_mail")
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_column("wanted_second_factor")
        batch_op.drop_column("anew")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_column("second_factor_put_off")
    op.drop_table("second_factor_dues")
