"""The sentences of the activity page are about events that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portero.core.audit import ActorKind, Entry, Outcome
from portero.outside.clock import SystemClock
from portero.web.account.sentences import KINDS, sentence_of

EVENTS = Path(__file__).parents[3] / "docs" / "reference" / "events.md"


def entry(kind: str, *, by: ActorKind = ActorKind.ACCOUNT, **details: object) -> Entry:
    now = SystemClock().now()
    return Entry("1", now, kind, Outcome.SUCCESS, by, "", "a", "", "", "", "", "", "", details)


def test_every_kind_is_one_that_is_recorded() -> None:
    """One that was renamed would never be shown again. (The page of events is made of the code.)"""
    recorded = set(re.findall(r"^\| `([a-z_.]+)` \|", EVENTS.read_text(), re.MULTILINE))
    assert len(recorded) > 40
    assert set(KINDS) <= recorded


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence_whatever_its_details(kind: str) -> None:
    """Also with a reason or state that nobody has thought of."""
    for details in ({}, {"reason": "new", "state": "new", "changed": ["new"]}):
        said = sentence_of(entry(kind, **details))
        assert said.endswith(".") or kind == "account.state_changed"


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (entry("session.ended", reason="renewed"), ""),
        (entry("session.ended", reason="logout"), "You signed out."),
        (entry("password.changed"), "The password was changed."),
        (
            entry("password.changed", by=ActorKind.OPERATOR),
            "An administrator set a new password.",
        ),
        (entry("account.changed", changed=["email"]), "A new mail address was given."),
        (entry("account.changed", changed=["locale"]), "Your profile was changed."),
        (entry("login.judged", answer="allow"), ""),
        (
            entry("login.doubted", answer="step_up"),
            "One more proof was asked for, as a sign-in was unusual.",
        ),
        (entry("login.doubted", answer="allow", told=False), "A sign-in was unusual."),
        (entry("login.doubted", answer="deny"), "A sign-in was refused, as it was too unusual."),
        (entry("token.issued"), ""),
    ],
)
def test_a_sentence_says_what_matters_to_its_reader(told: Entry, sentence: str) -> None:
    """Who did it and why, where that makes a difference; nothing of what is none of theirs."""
    assert sentence_of(told) == sentence
