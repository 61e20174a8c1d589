"""What other rules would have made of the sign-ins that the audit log remembers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.core.audit import Entry
from portero.core.risk import rules
from portero.core.risk.events import SignInDoubted
from portero.core.risk.model import Answer, RuleBook, Second, Signal


class Outcome(StrEnum):
    """What became of a sign-in, mildest first."""

    ALLOWED = "allowed"
    NOTIFIED = "notified"  # allowed, and its owner told
    STEPPED_UP = "stepped_up"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One sign-in: what became of it, and what would have by other rules."""

    entry_id: str
    at: datetime
    account_id: str
    address: str
    was: Outcome
    would: Outcome
    score: int
    fired: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        return self.was is not self.would


def replayed(book: RuleBook, traces: Iterable[Entry]) -> Iterator[Replayed]:
    """Traces are entries of the kinds in `events.KINDS`. Only the rules are others: a signal that
    the house could not tell then is not on now, nor one that this version does not know."""
    for trace in traces:
        told = trace.details
        verdict = rules.verdict(book, _signals(told.get("signals")), _second(told.get("second")))
        yield Replayed(
            trace.id,
            trace.at,
            trace.account_id,
            trace.address,
            # By the rules: a mail that was one too many was wanted all the same.
            was=_outcome(str(told.get("answer", "")), is_told=trace.kind == SignInDoubted.kind),
            would=_outcome(verdict.answer, is_told=verdict.is_told),
            score=verdict.score,
            fired=verdict.fired,
        )


def _outcome(answer: str, *, is_told: bool) -> Outcome:
    match answer:
        case Answer.DENY:
            return Outcome.REFUSED
        case Answer.STEP_UP:
            return Outcome.STEPPED_UP
    return Outcome.NOTIFIED if is_told else Outcome.ALLOWED


def _signals(told: object) -> Collection[Signal]:
    named = told if isinstance(told, list | tuple) else ()
    return {signal for signal in Signal if signal in named}


def _second(told: object) -> Second:
    return next((each for each in Second if each == told), Second.NONE)
