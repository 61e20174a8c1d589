"""Secrets and storage."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass

from portero.kit.secrets import Secret
from portero.settings import parsing
from portero.settings.rows import Derived, setting
from portero.settings.table.place import PlaceSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StorageSettings(PlaceSettings):
    secret_key: Secret = setting(
        "SECRET_KEY",
        parsing.secret,
        "",
        "Root of all derived keys, 32 bytes or more, random. Generated on a loopback issuer.",
    )
    secret_key_fallbacks: tuple[Secret, ...] = setting(
        "SECRET_KEY_FALLBACKS",
        parsing.secrets,
        "",
        "Former values of SECRET_KEY (comma separated) that still open what they sealed.",
    )
    database_url: Secret = setting(
        "DATABASE_URL",
        parsing.database_url,
        Derived("sqlite:///DATA_DIR/portero.db", lambda e: f"sqlite:///{e['data_dir']}/portero.db"),
        "Database: sqlite:/// and a path, or postgresql://user:password@host/name.",
    )
    db_pool_size: int = setting(
        "PORTERO_DB_POOL_SIZE", parsing.integer(1, 500), "20", "Connections of each process."
    )
    redis_url: Secret = setting(
        "PORTERO_REDIS_URL",
        parsing.redis_url,
        "",
        "Redis or Valkey that counts for limits, redis:// or rediss://; empty counts in the "
        "database.",
    )
