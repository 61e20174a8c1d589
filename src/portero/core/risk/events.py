"""How a sign-in was judged, when its first proof was right: "why was I asked?"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event
from portero.core.risk.model import Answer, Observed, Second, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInJudged(Event):
    """By the rules a sign-in goes on as usual. `signals` are those that were on, `values` what they
    were told from, `rules` the names of those that gave points, `second` whether there is a second
    proof (proven, possible, none)."""

    kind: ClassVar[str] = "login.judged"
    signals: tuple[str, ...]
    values: Mapping[str, object]
    rules: tuple[str, ...]
    score: int
    second: str
    answer: str
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDoubted(SignInJudged):
    """The same, where one more proof is owed (`answer` is step_up), the sign-in was refused (deny),
    or its owner was to be told; `told`: and was, which takes a proven mailbox, and a mail that is
    not one too many."""

    kind: ClassVar[str] = "login.doubted"


KINDS = (SignInJudged.kind, SignInDoubted.kind)


def judged(
    account_id: str,
    factor: str,
    observed: Observed,
    second: Second,
    verdict: Verdict,
    *,
    told: bool,
) -> SignInJudged:
    """The trace of it; `told`: whether its owner really was."""
    usual = verdict.answer is Answer.ALLOW and not verdict.is_told
    return (SignInJudged if usual else SignInDoubted)(
        account_id=account_id,
        factor=factor,
        signals=tuple(sorted(observed.signals)),
        values=observed.values,
        rules=verdict.fired,
        score=verdict.score,
        second=second,
        answer=verdict.answer,
        told=told,
    )
