"""The tables of passkeys, of accounts' handles, and of challenges that were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.factors.passkey.model import Passkey
from portero.kit.db import Json, Tx, UtcTime, insert, metadata
from portero.kit.secrets import fingerprint

passkeys: Final = sa.Table(
    "passkeys",
    metadata,
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("account_id", sa.String(36), nullable=False, index=True),
    # 1023 bytes in base64url at most
    sa.Column("credential_id", sa.String(1364), nullable=False, unique=True),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", Json, nullable=False),
    sa.Column("aaguid", sa.String(36), nullable=False),
    sa.Column("backup_eligible", sa.Boolean, nullable=False),
    sa.Column("backed_up", sa.Boolean, nullable=False),
)
passkey_users: Final = sa.Table(
    "passkey_users",
    metadata,
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("handle", sa.String(64), nullable=False, unique=True),
    sa.Column("offer_declined_at", UtcTime),
)
spent_challenges: Final = sa.Table(
    "spent_challenges",
    metadata,
    sa.Column("challenge_hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


def handle_of(tx: Tx, account_id: str, *, fresh: str) -> str:
    """The account's handle; the `fresh` one, if it has none yet."""
    put = insert(tx, passkey_users).values(account_id=account_id, handle=fresh)
    tx.execute(put.on_conflict_do_nothing())
    kept = tx.execute(
        sa.select(passkey_users.c.handle).where(passkey_users.c.account_id == account_id)
    )
    return str(kept.scalar_one())


def is_offer_due(tx: Tx, account_id: str, *, since: datetime) -> bool:
    """Whether the account has no passkey, and has not declined one since."""
    settled = sa.or_(
        sa.exists().where(passkeys.c.account_id == account_id),
        sa.exists().where(
            passkey_users.c.account_id == account_id, passkey_users.c.offer_declined_at > since
        ),
    )
    return not tx.execute(sa.select(settled)).scalar_one()


def decline_offer(tx: Tx, account_id: str, *, fresh: str, now: datetime) -> None:
    """Not now; `fresh` is the account's handle, if it has none yet."""
    put = insert(tx, passkey_users).values(
        account_id=account_id, handle=fresh, offer_declined_at=now
    )
    tx.execute(
        put.on_conflict_do_update(
            index_elements=[passkey_users.c.account_id], set_={"offer_declined_at": now}
        )
    )


def add(tx: Tx, one: Passkey) -> bool:
    """Keep it; False when the credential is registered already, with whatever account."""
    put = insert(tx, passkeys).values(
        authenticator_id=one.authenticator_id,
        account_id=one.account_id,
        credential_id=one.credential_id,
        public_key=one.public_key,
        sign_count=one.sign_count,
        transports=list(one.transports),
        aaguid=one.aaguid,
        backup_eligible=one.backup_eligible,
        backed_up=one.backed_up,
    )
    added = tx.execute(put.on_conflict_do_nothing().returning(passkeys.c.authenticator_id))
    return added.one_or_none() is not None


def find(tx: Tx, credential_id: str) -> Passkey | None:
    """Whose passkey that is: the one place that asks by something else than its owner."""
    row = tx.execute(_looked.where(passkeys.c.credential_id == credential_id)).one_or_none()
    return None if row is None else _passkey(row)


def list_of(tx: Tx, account_id: str) -> tuple[Passkey, ...]:
    """All of the account's, the oldest first."""
    rows = tx.execute(
        _looked.where(passkeys.c.account_id == account_id).order_by(passkeys.c.authenticator_id)
    )
    return tuple(_passkey(row) for row in rows)


def use(tx: Tx, authenticator_id: str, *, sign_count: int, backed_up: bool) -> bool:
    """Note a use. False, and nothing noted, when the counter does not go on from the last one: of
    parallel uses with one count exactly one does. Those that don't count stay at 0."""
    counts_on = sa.or_(
        passkeys.c.sign_count < sign_count,
        sa.and_(passkeys.c.sign_count == 0, sa.literal(sign_count) == 0),
    )
    used = tx.execute(
        passkeys.update()
        .where(passkeys.c.authenticator_id == authenticator_id, counts_on)
        .values(sign_count=sign_count, backed_up=backed_up)
    )
    return used.rowcount == 1


def use_again(tx: Tx, authenticator_id: str, *, sign_count: int, backed_up: bool) -> None:
    """Note a use whatever the counter says, from which it goes on."""
    tx.execute(
        passkeys.update()
        .where(passkeys.c.authenticator_id == authenticator_id)
        .values(sign_count=sign_count, backed_up=backed_up)
    )


def spend_challenge(tx: Tx, challenge: str, *, expires_at: datetime) -> bool:
    """Whether nobody has answered it before; of parallel answers one is told so."""
    put = insert(tx, spent_challenges).values(
        challenge_hash=fingerprint(challenge), expires_at=expires_at
    )
    spent = tx.execute(put.on_conflict_do_nothing().returning(spent_challenges.c.challenge_hash))
    return spent.one_or_none() is not None


def purge_challenges(tx: Tx, *, before: datetime) -> int:
    return tx.execute(
        spent_challenges.delete().where(spent_challenges.c.expires_at < before)
    ).rowcount


_looked: Final = sa.select(passkeys, passkey_users.c.handle.label("user_handle")).join(
    passkey_users, passkey_users.c.account_id == passkeys.c.account_id
)


def _passkey(row: sa.Row[tuple[object, ...]]) -> Passkey:
    found = dict(row._mapping)
    return Passkey(**{**found, "transports": tuple(found["transports"])})
