"""The life cycle, as decisions over times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero.core.keys.model import KeyRecord, KeyState
from portero.protocol.jose.algorithms import SigningAlg


@dataclass(frozen=True, slots=True)
class KeySchedule:
    """How long a key signs, how long it is published before it does (longer than any verifier
    caches a key set), and how long its last tokens can live."""

    rotate_after: timedelta
    publish_ahead: timedelta
    longest_token: timedelta


def published(records: Iterable[KeyRecord], now: datetime) -> list[KeyRecord]:
    """Next, current and retired keys: everything whose tokens may be met (RFC 7517 §5)."""
    return [record for record in records if record.state(now) is not KeyState.GONE]


def was_withdrawn(record: KeyRecord, records: Iterable[KeyRecord]) -> bool:
    """Whether it was ended because it leaked: when a younger one began to sign. One that goes in
    its time is published for a while after that."""
    return any(
        other.alg is record.alg
        and other.generation > record.generation
        and other.activates_at == record.gone_at
        for other in records
    )


def current(records: Iterable[KeyRecord], alg: SigningAlg, now: datetime) -> KeyRecord | None:
    """The key that signs now: the youngest of the current ones."""
    able = [r for r in records if r.alg is alg and r.state(now) is KeyState.CURRENT]
    return max(able, key=lambda record: record.generation, default=None)


def next_change(records: Iterable[KeyRecord], now: datetime) -> datetime | None:
    """When the next key will be in another state than now; None for never, as things stand."""
    times = [t for r in records for t in (r.activates_at, r.retires_at, r.gone_at) if t is not None]
    return min((moment for moment in times if moment > now), default=None)


def following(records: Iterable[KeyRecord], alg: SigningAlg, now: datetime) -> KeyRecord | None:
    """The published key that has not begun to sign."""
    waiting = [r for r in records if r.alg is alg and r.state(now) is KeyState.NEXT]
    return max(waiting, key=lambda record: record.generation, default=None)


def is_due(records: Iterable[KeyRecord], alg: SigningAlg, now: datetime, plan: KeySchedule) -> bool:
    """Whether the next key has to be made now, to be published long enough before it signs."""
    known = list(records)
    if following(known, alg, now) is not None:
        return False
    signing = current(known, alg, now)
    return signing is None or now >= signing.activates_at + plan.rotate_after - plan.publish_ahead
