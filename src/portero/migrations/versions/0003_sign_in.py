"""Sign-in for people: second factors, and what a sign-in under way is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_sign_in"
down_revision = "0002_openid_provider"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("wanted_client_id", sa.String(length=255), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("wanted_acr", sa.String(length=16), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("session_id", sa.String(length=36), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("keep", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    with op.batch_alter_table("browsers", schema=None) as batch_op:
        # Every cookie so far was set to last.
        batch_op.add_column(
            sa.Column("lasts", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch_op.add_column(
            sa.Column("chosen_session_id", sa.String(length=36), nullable=False, server_default="")
        )
    with op.batch_alter_table("waiting_requests", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("chosen", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("about", sa.String(length=320), nullable=False, server_default="")
        )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deletion_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_accounts_deletion_due_at"), ["deletion_due_at"], unique=False
        )
    _authenticators()
    _totp()
    _recovery_codes()
    _passkeys()
    _one_time_codes()
    _known_devices()


def _authenticators() -> None:
    op.create_table(
        "authenticators",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_authenticators_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticators")),
    )
    with op.batch_alter_table("authenticators", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_authenticators_account_id"), ["account_id"], unique=False
        )


def _totp() -> None:
    op.create_table(
        "totp_secrets",
        sa.Column("authenticator_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("period_seconds", sa.Integer(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_totp_secrets_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name=op.f("pk_totp_secrets")),
    )
    with op.batch_alter_table("totp_secrets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_totp_secrets_account_id"), ["account_id"], unique=False
        )
    op.create_table(
        "totp_pending",
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_totp_pending_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_totp_pending")),
    )
    with op.batch_alter_table("totp_pending", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_totp_pending_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_totp_pending_expires_at"), ["expires_at"], unique=False
        )


def _known_devices() -> None:
    op.create_table(
        "known_devices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trusted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_known_devices_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
        sa.UniqueConstraint(
            "account_id", "secret_hash", name=op.f("uq_known_devices_account_id_secret_hash")
        ),
    )
    with op.batch_alter_table("known_devices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_known_devices_last_seen_at"), ["last_seen_at"], unique=False
        )


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("authenticator_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("credential_id", sa.String(length=1364), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "transports", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_passkeys_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkeys_account_id"), ["account_id"], unique=False)
    op.create_table(
        "passkey_users",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("handle", sa.String(length=64), nullable=False),
        sa.Column("offer_declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_passkey_users_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_passkey_users")),
        sa.UniqueConstraint("handle", name=op.f("uq_passkey_users_handle")),
    )
    op.create_table(
        "spent_challenges",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_spent_challenges")),
    )
    with op.batch_alter_table("spent_challenges", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_spent_challenges_expires_at"), ["expires_at"], unique=False
        )


def _one_time_codes() -> None:
    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_one_time_codes_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
        sa.UniqueConstraint("purpose", "subject", name=op.f("uq_one_time_codes_purpose_subject")),
    )
    with op.batch_alter_table("one_time_codes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_one_time_codes_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_one_time_codes_expires_at"), ["expires_at"], unique=False
        )
    op.create_table(
        "one_time_code_addresses",
        sa.Column("authenticator_id", sa.String(length=36), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_one_time_code_addresses_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("authenticator_id", name=op.f("pk_one_time_code_addresses")),
    )


def _recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("authenticator_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_recovery_codes_authenticator_id_authenticators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        for column in ("account_id", "authenticator_id"):
            batch_op.create_index(batch_op.f(f"ix_recovery_codes_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("recovery_codes")
    with op.batch_alter_table("browsers", schema=None) as batch_op:
        batch_op.drop_column("chosen_session_id")
        batch_op.drop_column("lasts")
    with op.batch_alter_table("waiting_requests", schema=None) as batch_op:
        batch_op.drop_column("chosen")
    for table in (
        "known_devices",
        "one_time_code_addresses",
        "one_time_codes",
        "spent_challenges",
        "passkey_users",
        "passkeys",
        "totp_pending",
        "totp_secrets",
        "authenticators",
    ):
        op.drop_table(table)
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_accounts_deletion_due_at"))
        batch_op.drop_column("deletion_due_at")
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_column("about")
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_column("session_id")
        batch_op.drop_column("keep")
        batch_op.drop_column("wanted_acr")
        batch_op.drop_column("wanted_client_id")
