"""Recorded sign-ins by other rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portero.core.audit import ActorKind, Entry
from portero.core.risk import DEFAULT_RULES, Second, Signal, rulebook
from portero.core.risk.backtest import Outcome, replayed
from portero.core.risk.events import judged
from portero.core.risk.model import Observed
from portero.core.risk.rules import verdict

NEAR, FAR = {Signal.NEW_DEVICE}, {Signal.NEW_DEVICE, Signal.NEW_COUNTRY}
STRICT = """
[answers]
step_up = 10
deny = 60
[[rules]]
name = "a new browser"
when = ["new_device"]
points = 10
[[rules]]
name = "a new country"
when = ["new_country"]
points = 50
"""
LAX = STRICT.replace("step_up = 10\ndeny = 60", "notify = 60")


def trace(signals: Collection[Signal], second: Second = Second.POSSIBLE) -> Entry:
    """As the built-in rules judged it; a mail of it would have been one too many."""
    found = verdict(rulebook(DEFAULT_RULES), signals, second)
    event = judged("ana", "password", Observed(frozenset(signals)), second, found, told=False)
    return Entry(
        id="1",
        at=datetime(2026, 5, 4, tzinfo=UTC),
        kind=event.kind,
        outcome=event.outcome,
        actor_kind=ActorKind.ANONYMOUS,
        actor_id="",
        account_id="ana",
        session_id="",
        client_id="",
        factor="password",
        request_id="",
        address="192.0.2.7",
        user_agent="",
        details=event.details(),
    )


@pytest.mark.parametrize(
    ("rules", "signals", "second", "was", "would"),
    [
        (STRICT, FAR, Second.POSSIBLE, Outcome.STEPPED_UP, Outcome.REFUSED),
        (STRICT, NEAR, Second.POSSIBLE, Outcome.ALLOWED, Outcome.STEPPED_UP),
        (STRICT, NEAR, Second.PROVEN, Outcome.ALLOWED, Outcome.ALLOWED),
        (STRICT, set(), Second.POSSIBLE, Outcome.ALLOWED, Outcome.ALLOWED),
        (LAX, FAR, Second.POSSIBLE, Outcome.STEPPED_UP, Outcome.NOTIFIED),
        (LAX, FAR, Second.NONE, Outcome.NOTIFIED, Outcome.NOTIFIED),
        (LAX, NEAR, Second.POSSIBLE, Outcome.ALLOWED, Outcome.ALLOWED),
    ],
)
def test_each_is_what_it_was_and_what_it_would_be(
    rules: str, signals: set[Signal], second: Second, was: Outcome, would: Outcome
) -> None:
    (one,) = replayed(rulebook(rules), [trace(signals, second)])
    assert (one.was, one.would, one.is_changed) == (was, would, was != would)


@pytest.mark.parametrize("signals", [set(), NEAR, FAR, set(Signal)])
@pytest.mark.parametrize("second", Second)
def test_the_rules_that_judged_change_nothing(signals: set[Signal], second: Second) -> None:
    """So that what changes is the file's doing, and not the replay's."""
    (one,) = replayed(rulebook(DEFAULT_RULES), [trace(signals, second)])
    assert not one.is_changed


def test_what_this_version_does_not_know_is_not_on() -> None:
    """Entries outlive versions: a signal of another one speaks for nothing, and stops nothing."""
    known = trace(NEAR)
    odd = replace(known, details={**known.details, "signals": ["new_device", "tea_time", 7]})
    bare = replace(known, details={})
    assert [one.score for one in replayed(rulebook(STRICT), [odd, bare])] == [10, 0]
