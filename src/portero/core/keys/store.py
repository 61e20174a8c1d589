"""The table of signing keys. The private part is sealed before it comes here."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.keys.model import KeyRecord
from portero.kit.db import Json, Tx, UtcTime, insert, metadata
from portero.kit.prepared import Prepared
from portero.protocol.jose.algorithms import SigningAlg

signing_keys: Final = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("kid", sa.String(64), primary_key=True),
    sa.Column("alg", sa.String(16), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("public_jwk", Json, nullable=False),
    sa.Column("private_sealed", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("activates_at", UtcTime, nullable=False),
    sa.Column("retires_at", UtcTime),
    sa.Column("gone_at", UtcTime),
    sa.UniqueConstraint("alg", "generation"),
)


_all: Final = Prepared(
    sa.select(signing_keys).order_by(signing_keys.c.alg, signing_keys.c.generation)
)


def list_keys(tx: Tx) -> list[KeyRecord]:
    """All keys, oldest first, those that are gone included."""
    return [KeyRecord(**{**row, "alg": SigningAlg(row["alg"])}) for row in _all.rows(tx, {})]


def add(tx: Tx, record: KeyRecord) -> bool:
    """Insert it; False when another process made that generation first."""
    values = {name: getattr(record, name) for name in KeyRecord.__slots__}
    values["public_jwk"] = dict(record.public_jwk)
    made = tx.execute(
        insert(tx, signing_keys)
        .values(values)
        .on_conflict_do_nothing()
        .returning(signing_keys.c.kid)
    ).one_or_none()
    return made is not None


def retire(tx: Tx, alg: SigningAlg, *, below: int, at: datetime, gone_at: datetime) -> None:
    """End the signing of every older generation at `at`, and its publication at `gone_at`, each
    unless it ends sooner already. A key that signs no more is still trusted until it is gone."""
    retires_at, ends_at = signing_keys.c.retires_at, signing_keys.c.gone_at
    tx.execute(
        signing_keys.update()
        .where(
            signing_keys.c.alg == alg,
            signing_keys.c.generation < below,
            sa.or_(ends_at.is_(None), ends_at > gone_at),
        )
        .values(retires_at=sa.case((retires_at < at, retires_at), else_=at), gone_at=gone_at)
    )


def reseal(tx: Tx, kid: str, *, old: str, new: str) -> bool:
    """Replace the sealed private part, if it still is the one that was read."""
    changed = tx.execute(
        signing_keys.update()
        .where(signing_keys.c.kid == kid, signing_keys.c.private_sealed == old)
        .values(private_sealed=new)
    )
    return changed.rowcount == 1
