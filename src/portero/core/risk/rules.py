"""From what is known to signals, and from signals to an answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Final

from portero.core.risk.model import (
    Answer,
    Observed,
    RuleBook,
    Second,
    Signal,
    Spot,
    Verdict,
)

_EARTH_RADIUS_KM: Final = 6371
# An airliner's 900, and what a tail wind adds.
_FASTEST_KM_PER_HOUR: Final = 1000
# Files of places put a mobile phone where its operator has a gateway: what is nearer says nothing.
_LEAST_KM: Final = 500
# Of fewer sign-ins no hour is usual.
_FEWEST_FOR_HOURS: Final = 10
_HOURS_AROUND: Final = 3


def observed(
    *,
    now: datetime,
    device_known: bool,
    stuffing: bool,
    is_anonymous: bool,
    here: Spot | None,
    earlier: Sequence[tuple[datetime, Spot | None]],
    is_lost: bool = False,
) -> Observed:
    """What is unusual now. `earlier` are the account's last sign-ins, the newest first. What is not
    known speaks neither for nor against; but where what was known `is_lost`, no country is usual:
    else a thief would have it forgotten, and come from anywhere."""
    countries = {spot.country for _, spot in earlier if spot is not None and spot.country}
    country = here.country if here is not None else ""
    kilometres, hours = _travelled(now, here, earlier)
    told = {
        Signal.NEW_DEVICE: not device_known,
        Signal.NEW_COUNTRY: bool(country and (countries or is_lost) and country not in countries),
        Signal.IMPOSSIBLE_TRAVEL: kilometres > max(_LEAST_KM, hours * _FASTEST_KM_PER_HOUR),
        Signal.ANONYMOUS_NETWORK: is_anonymous,
        Signal.STUFFING_ALARM: stuffing,
        Signal.UNUSUAL_HOUR: _is_unusual(now, [at for at, _ in earlier]),
    }
    values: dict[str, object] = {"hour_utc": now.hour}
    if country:
        values |= {"country": country, "countries_before": sorted(countries)}
    if kilometres:
        values |= {"kilometres": round(kilometres), "hours": round(hours, 1)}
    return Observed(frozenset(signal for signal, is_on in told.items() if is_on), values)


def verdict(book: RuleBook, signals: Collection[Signal], second: Second) -> Verdict:
    """The sum of the points of all rules that fire, and what it leads to. More signals never lead
    to less: no rule takes points away."""
    fired = [rule for rule in book.rules if rule.when <= set(signals)]
    score = sum(rule.points for rule in fired)
    names = tuple(rule.name for rule in fired)
    if _reaches(score, book.deny):
        return Verdict(Answer.DENY, True, score, names)
    is_told = _reaches(score, book.notify)
    if not _reaches(score, book.step_up) or second is Second.PROVEN:
        return Verdict(Answer.ALLOW, is_told, score, names)
    if second is Second.POSSIBLE:
        return Verdict(Answer.STEP_UP, is_told, score, names)
    if book.otherwise == "deny":
        return Verdict(Answer.DENY, True, score, names)
    return Verdict(Answer.ALLOW, is_told or book.otherwise == "notify", score, names)


def can_matter(book: RuleBook, available: Collection[Signal]) -> bool:
    """Whether any answer but "allow" can come of the signals that this house can tell."""
    return _reaches(_most(book, available), book.least)


def can_deny(book: RuleBook, available: Collection[Signal]) -> bool:
    """Whether "deny" can."""
    most = _most(book, available)
    return _reaches(most, book.deny) or (book.otherwise == "deny" and _reaches(most, book.step_up))


def _most(book: RuleBook, available: Collection[Signal]) -> int:
    return sum(rule.points for rule in book.rules if rule.when <= set(available))


def _reaches(score: int, asked: int | None) -> bool:
    return asked is not None and score >= asked


def _travelled(
    now: datetime, here: Spot | None, earlier: Sequence[tuple[datetime, Spot | None]]
) -> tuple[float, float]:
    """Kilometres from the last place at least, and the hours since; none where either is not
    known."""
    last = next(((at, spot) for at, spot in earlier if spot is not None), None)
    if here is None or last is None or last[1] is None:
        return 0, 0
    at, there = last
    distance = _distance_km(here, there)
    sure = max(0, distance - here.radius_km - there.radius_km)
    return sure, max(0, (now - at).total_seconds() / 3600)


def _distance_km(one: Spot, other: Spot) -> float:
    """Along the surface (haversine)."""
    if one.latitude is None or one.longitude is None:
        return 0
    if other.latitude is None or other.longitude is None:
        return 0
    here, there = radians(one.latitude), radians(other.latitude)
    across = radians(other.longitude - one.longitude)
    chord = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(across / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1, chord)))


def _is_unusual(now: datetime, earlier: Sequence[datetime]) -> bool:
    if len(earlier) < _FEWEST_FOR_HOURS:
        return False
    apart = [abs(now.hour - at.hour) for at in earlier]
    return all(min(hours, 24 - hours) > _HOURS_AROUND for hours in apart)
