"""The OpenID Provider: codes, waiting requests, consents, spent identifiers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_openid_provider"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_identifiers",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_spent_identifiers")),
    )
    with op.batch_alter_table("spent_identifiers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_spent_identifiers_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "pushed_requests",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column(
            "parameters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_requests")),
    )
    with op.batch_alter_table("pushed_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pushed_requests_expires_at"), ["expires_at"], unique=False
        )
    op.create_table(
        "status_blocks",
        sa.Column("first_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("first_index", name=op.f("pk_status_blocks")),
    )
    op.create_table(
        "token_statuses",
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("until", "status_index", name=op.f("pk_token_statuses")),
    )
    op.create_table(
        "revoked_statuses",
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("until", "status_index", name=op.f("pk_revoked_statuses")),
    )

    op.create_table(
        "initial_access_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initial_access_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_initial_access_tokens_token_hash")),
    )
    with op.batch_alter_table("initial_access_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_initial_access_tokens_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "registration_access_tokens",
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.client_id"],
            name=op.f("fk_registration_access_tokens_client_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_registration_access_tokens")),
    )

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("grants_void_before", sa.DateTime(timezone=True), nullable=True)
        )
    with op.batch_alter_table("browsers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_browsers_created_at"), ["created_at"], unique=False)
    _add_to_grants()
    _create_device_requests()
    _create_ciba_requests()
    op.create_table(
        "pairwise_subjects",
        sa.Column("sector", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_pairwise_subjects_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sector", "account_id", name=op.f("pk_pairwise_subjects")),
        sa.UniqueConstraint("subject", name=op.f("uq_pairwise_subjects_subject")),
    )
    op.create_table(
        "consents",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column(
            "scope", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "resources", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_consents_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "client_id", name=op.f("pk_consents")),
    )
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("redirect_uri_was_sent", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "resources", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("nonce", sa.String(length=512), nullable=False),
        sa.Column("code_challenge", sa.String(length=128), nullable=False),
        sa.Column("dpop_jkt", sa.String(length=64), nullable=False),
        sa.Column(
            "claims", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_authorization_codes_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_codes")),
    )
    with op.batch_alter_table("authorization_codes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_authorization_codes_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_authorization_codes_expires_at"), ["expires_at"], unique=False
        )
    op.create_table(
        "waiting_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("handle_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("browser_id", sa.String(length=36), nullable=False),
        sa.Column(
            "parameters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("pushed_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_requests")),
        sa.UniqueConstraint("handle_hash", name=op.f("uq_waiting_requests_handle_hash")),
    )
    with op.batch_alter_table("waiting_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_waiting_requests_expires_at"), ["expires_at"], unique=False
        )


def _create_device_requests() -> None:
    op.create_table(
        "opaque_access_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "claims", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_opaque_access_tokens")),
    )
    with op.batch_alter_table("opaque_access_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_opaque_access_tokens_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "device_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code_mac", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "resources", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("code_challenge", sa.String(length=128), nullable=False),
        sa.Column("jkt", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("next_poll", sa.BigInteger(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("hurried", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_requests")),
        sa.UniqueConstraint("device_hash", name=op.f("uq_device_requests_device_hash")),
        sa.UniqueConstraint("user_code_mac", name=op.f("uq_device_requests_user_code_mac")),
    )
    with op.batch_alter_table("device_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_device_requests_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_device_requests_account_id"), ["account_id"], unique=False
        )


def _create_ciba_requests() -> None:
    op.create_table(
        "ciba_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "resources", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("jkt", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("grant_id", sa.String(length=36), nullable=False),
        sa.Column("next_poll", sa.BigInteger(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("hurried", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("binding_message", sa.String(length=64), nullable=False),
        sa.Column(
            "acr_values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column(
            "details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("ping_sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_ciba_requests_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciba_requests")),
        sa.UniqueConstraint("request_hash", name=op.f("uq_ciba_requests_request_hash")),
    )
    with op.batch_alter_table("ciba_requests", schema=None) as batch_op:
        for name in ("account_id", "expires_at"):
            batch_op.create_index(batch_op.f(f"ix_ciba_requests_{name}"), [name], unique=False)


def _add_to_grants() -> None:
    """Grants say how the person signed in. Those of before take it from their sessions."""
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("auth_time", sa.DateTime(timezone=True), nullable=True))
        for name, length in (("acr", 16), ("jkt", 64), ("x5t_s256", 64)):
            batch_op.add_column(
                sa.Column(name, sa.String(length=length), nullable=False, server_default="")
            )
        for name, empty in (
            ("amr", "[]"),
            ("resources", "[]"),
            ("claims", "{}"),
            ("details", "[]"),
        ):
            kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=empty))
    op.execute(
        "UPDATE grants SET"
        " auth_time = coalesce((SELECT auth_time FROM sessions WHERE sessions.id = session_id),"
        " grants.created_at),"
        " acr = coalesce((SELECT acr FROM sessions WHERE sessions.id = session_id), ''),"
        " amr = coalesce((SELECT amr FROM sessions WHERE sessions.id = session_id), grants.amr)"
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.alter_column("auth_time", nullable=False)
        for name in ("acr", "jkt", "x5t_s256", "amr", "resources", "claims", "details"):
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    op.drop_table("opaque_access_tokens")
    op.drop_table("ciba_requests")
    op.drop_table("device_requests")
    op.drop_table("waiting_requests")
    op.drop_table("authorization_codes")
    op.drop_table("consents")
    op.drop_table("pairwise_subjects")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        for name in (
            *("auth_time", "acr", "amr", "resources"),
            *("claims", "details", "jkt", "x5t_s256"),
        ):
            batch_op.drop_column(name)
    with op.batch_alter_table("browsers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_browsers_created_at"))
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("grants_void_before")

    op.drop_table("registration_access_tokens")

    with op.batch_alter_table("initial_access_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_initial_access_tokens_expires_at"))

    op.drop_table("initial_access_tokens")

    op.drop_table("revoked_statuses")
    op.drop_table("token_statuses")
    op.drop_table("status_blocks")
    with op.batch_alter_table("pushed_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pushed_requests_expires_at"))

    op.drop_table("pushed_requests")
    with op.batch_alter_table("spent_identifiers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_spent_identifiers_expires_at"))

    op.drop_table("spent_identifiers")
