"""The table of opaque access tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from portero.kit.db import Json, Tx, UtcTime, metadata
from portero.kit.prepared import Prepared

opaque_tokens: Final = sa.Table(
    "opaque_access_tokens",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("claims", Json, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


_add: Final = Prepared(opaque_tokens.insert(), ("token_hash", "claims", "expires_at"))
_find: Final = Prepared(
    sa.select(opaque_tokens.c.claims).where(
        opaque_tokens.c.token_hash == sa.bindparam("hash"),
        opaque_tokens.c.expires_at > sa.bindparam("now"),
    )
)


def add(tx: Tx, token_hash: str, claims: Mapping[str, Any], *, expires_at: datetime) -> None:
    _add.run(tx, {"token_hash": token_hash, "claims": dict(claims), "expires_at": expires_at})


def find(tx: Tx, token_hash: str, *, now: datetime) -> Mapping[str, Any] | None:
    """What the token says; None for one that is unknown, revoked or over."""
    row = _find.one_or_none(tx, {"hash": token_hash, "now": now})
    return None if row is None else row["claims"]


def forget(tx: Tx, token_hash: str) -> None:
    """It was revoked: nobody who has not looked it up yet finds it any more."""
    tx.execute(opaque_tokens.delete().where(opaque_tokens.c.token_hash == token_hash))


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(opaque_tokens.delete().where(opaque_tokens.c.expires_at < before)).rowcount
