"""Signals, rules, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Signal(StrEnum):
    """What can speak against a sign-in, as rule files name it."""

    NEW_DEVICE = "new_device"  # a browser that the account does not know, or none that could tell
    NEW_COUNTRY = "new_country"  # in none of the countries that it was signed in from lately
    IMPOSSIBLE_TRAVEL = "impossible_travel"  # farther from the last place than anybody flies
    ANONYMOUS_NETWORK = "anonymous_network"  # from an address in the operator's list
    STUFFING_ALARM = "stuffing_alarm"  # while lists of stolen passwords are tried here
    UNUSUAL_HOUR = "unusual_hour"  # at an hour of the day at which its owner does not sign in


class Answer(StrEnum):
    ALLOW = "allow"
    STEP_UP = "step_up"
    DENY = "deny"


class Second(StrEnum):
    """Whether the sign-in has a second proof, beside the first."""

    PROVEN = "proven"
    POSSIBLE = "possible"  # by what is enrolled, or the account's mailbox
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an address is, within so many kilometres; None for a place that has no coordinates."""

    country: str
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An earlier sign-in of the account, that came to its end."""

    at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when the first proof is right. `earlier`: the last sign-ins, the newest
    first. `is_lost`: there were some, and of none is it sure whose they were."""

    now: datetime
    address: str
    device_known: bool
    stuffing: bool
    earlier: Sequence[Seen] = ()
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """The signals that are on, and the values that they were told from."""

    signals: frozenset[Signal] = frozenset()
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """So many points where all of its signals are on."""

    name: str
    when: frozenset[Signal]
    points: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """From how many points on an answer is given, None for never. `otherwise` is given where one
    more proof is wanted of who has none: "allow", "notify" or "deny"."""

    rules: tuple[Rule, ...]
    notify: int | None = None
    step_up: int | None = None
    deny: int | None = None
    otherwise: str = "notify"

    @property
    def least(self) -> int | None:
        """The fewest points that change anything."""
        asked = [each for each in (self.notify, self.step_up, self.deny) if each is not None]
        return min(asked, default=None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_told`: the owner gets a mail. `fired` are the names of the rules that gave points."""

    answer: Answer = Answer.ALLOW
    is_told: bool = False
    score: int = 0
    fired: tuple[str, ...] = ()
