"""Keys, subscriptions and questions. A question is answered once, and its answer taken once, by one
conditional statement each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from portero.core.factors.push.model import Asked, Decision, Device, Purpose, Question
from portero.kit.db import Tx, UtcTime, insert, metadata

push_keys: Final = sa.Table(
    "push_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("private_sealed", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)
push_subscriptions: Final = sa.Table(
    "push_subscriptions",
    metadata,
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("account_id", sa.String(36), nullable=False, index=True),
    # SHA-256: an endpoint is a capability, whoever has it may post there.
    sa.Column("endpoint_hash", sa.String(64), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
)
# One question of a purpose for an account: a newer one takes its place.
push_requests: Final = sa.Table(
    "push_requests",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("user_agent", sa.String(512), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("answered_by", sa.String(36)),
    sa.UniqueConstraint("account_id", "purpose"),
)
push_secrets: Final = sa.Table(
    "push_secrets",
    metadata,
    sa.Column("secret_hash", sa.String(64), primary_key=True),
    sa.Column(
        "request_id",
        sa.String(36),
        sa.ForeignKey("push_requests.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # None for a browser that is to be enrolled.
    sa.Column(
        "authenticator_id",
        sa.String(36),
        sa.ForeignKey("authenticators.id", ondelete="CASCADE"),
        index=True,
    ),
)

_ONE_KEY: Final = "vapid"


def find_key(tx: Tx) -> str | None:
    return tx.execute(sa.select(push_keys.c.private_sealed)).scalar_one_or_none()


def put_key(tx: Tx, sealed: str, *, now: datetime) -> str:
    """Keep the first key; the one that is kept, which another process may have made just now."""
    put = insert(tx, push_keys).values(id=_ONE_KEY, private_sealed=sealed, created_at=now)
    tx.execute(put.on_conflict_do_nothing(index_elements=[push_keys.c.id]))
    return str(tx.execute(sa.select(push_keys.c.private_sealed)).scalar_one())


def reseal_key(tx: Tx, *, old: str, new: str) -> bool:
    changed = tx.execute(
        push_keys.update().where(push_keys.c.private_sealed == old).values(private_sealed=new)
    )
    return changed.rowcount == 1


# --- browsers that are enrolled -----------------------------------------------------------------


def add_device(tx: Tx, account_id: str, device: Device, *, endpoint_hash: str) -> None:
    tx.execute(
        push_subscriptions.insert().values(
            authenticator_id=device.authenticator_id,
            account_id=account_id,
            endpoint_hash=endpoint_hash,
            sealed=device.sealed,
        )
    )


def devices_of(tx: Tx, account_id: str) -> list[Device]:
    rows = tx.execute(
        sa.select(push_subscriptions.c.authenticator_id, push_subscriptions.c.sealed)
        .where(push_subscriptions.c.account_id == account_id)
        .order_by(push_subscriptions.c.authenticator_id)
    )
    return [Device(row.authenticator_id, row.sealed) for row in rows]


def find_device(tx: Tx, authenticator_id: str) -> tuple[str, Device] | None:
    """Whose it is, and the device."""
    row = tx.execute(
        sa.select(push_subscriptions).where(
            push_subscriptions.c.authenticator_id == authenticator_id
        )
    ).one_or_none()
    return None if row is None else (row.account_id, Device(row.authenticator_id, row.sealed))


def has_endpoint(tx: Tx, account_id: str, endpoint_hash: str) -> bool:
    found = tx.execute(
        sa.select(sa.literal(1)).where(
            push_subscriptions.c.account_id == account_id,
            push_subscriptions.c.endpoint_hash == endpoint_hash,
        )
    )
    return found.first() is not None


def drop_device(tx: Tx, device: Device) -> bool:
    """Of parallel ones that hear that it is gone, one drops it."""
    dropped = tx.execute(
        push_subscriptions.delete().where(
            push_subscriptions.c.authenticator_id == device.authenticator_id,
            push_subscriptions.c.sealed == device.sealed,
        )
    )
    return dropped.rowcount == 1


def all_devices(tx: Tx) -> list[Device]:
    rows = tx.execute(sa.select(push_subscriptions.c.authenticator_id, push_subscriptions.c.sealed))
    return [Device(row.authenticator_id, row.sealed) for row in rows]


def reseal_device(tx: Tx, device: Device, *, new: str) -> bool:
    changed = tx.execute(
        push_subscriptions.update()
        .where(
            push_subscriptions.c.authenticator_id == device.authenticator_id,
            push_subscriptions.c.sealed == device.sealed,
        )
        .values(sealed=new)
    )
    return changed.rowcount == 1


# --- questions ----------------------------------------------------------------------------------


def put(tx: Tx, question: Question) -> None:
    """In place of the one before, whose secrets go with it. The account is held by the caller."""
    tx.execute(
        push_requests.delete().where(
            push_requests.c.account_id == question.account_id,
            push_requests.c.purpose == question.purpose,
        )
    )
    values = {name: getattr(question, name) for name in Question.__slots__}
    tx.execute(push_requests.insert().values(**values))


def add_secret(tx: Tx, secret_hash: str, request_id: str, authenticator_id: str | None) -> None:
    tx.execute(
        push_secrets.insert().values(
            secret_hash=secret_hash, request_id=request_id, authenticator_id=authenticator_id
        )
    )


def find(tx: Tx, request_id: str) -> Question | None:
    row = tx.execute(sa.select(push_requests).where(push_requests.c.id == request_id)).one_or_none()
    return None if row is None else _question(row)


def find_of(tx: Tx, account_id: str, purpose: Purpose) -> Question | None:
    row = tx.execute(
        sa.select(push_requests).where(
            push_requests.c.account_id == account_id, push_requests.c.purpose == purpose
        )
    ).one_or_none()
    return None if row is None else _question(row)


def find_by_secret(tx: Tx, secret_hash: str) -> Asked | None:
    row = tx.execute(
        sa.select(push_requests, push_secrets.c.authenticator_id.label("by"))
        .join(push_secrets, push_secrets.c.request_id == push_requests.c.id)
        .where(push_secrets.c.secret_hash == secret_hash)
    ).one_or_none()
    return None if row is None else Asked(_question(row), row.by or "")


def decide(tx: Tx, request_id: str, decision: Decision, answered_by: str, *, now: datetime) -> bool:
    """Answer it; of parallel answers, whatever they say, one counts."""
    answered = tx.execute(
        push_requests.update()
        .where(
            push_requests.c.id == request_id,
            push_requests.c.decision == Decision.WAITING,
            push_requests.c.expires_at > now,
        )
        .values(decision=decision, answered_by=answered_by or None)
    )
    return answered.rowcount == 1


def take_approved(
    tx: Tx, account_id: str, purpose: Purpose, subject: str, *, now: datetime
) -> Question | None:
    """Spend the yes that was given for that subject; of parallel tries one has it."""
    row = tx.execute(
        push_requests.delete()
        .where(
            push_requests.c.account_id == account_id,
            push_requests.c.purpose == purpose,
            push_requests.c.subject == subject,
            push_requests.c.decision == Decision.APPROVED,
            push_requests.c.expires_at > now,
        )
        .returning(push_requests)
    ).one_or_none()
    return None if row is None else _question(row)


def drop(tx: Tx, request_id: str) -> None:
    tx.execute(push_requests.delete().where(push_requests.c.id == request_id))


def withdraw(tx: Tx, account_id: str) -> None:
    """End every question of the account."""
    tx.execute(push_requests.delete().where(push_requests.c.account_id == account_id))


def purge(tx: Tx, *, before: datetime) -> int:
    return tx.execute(push_requests.delete().where(push_requests.c.expires_at < before)).rowcount


def _question(row: sa.Row[tuple[object, ...]]) -> Question:
    found = {name: row._mapping[name] for name in Question.__slots__}
    typed = {"purpose": Purpose(found["purpose"]), "decision": Decision(found["decision"])}
    return Question(**{**found, **typed})
