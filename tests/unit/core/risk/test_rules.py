"""What is unusual, and what the rules make of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero.core.risk import DEFAULT_RULES, Answer, RuleBook, Second, Signal, Spot, rulebook
from portero.core.risk.model import Observed, Rule
from portero.core.risk.rules import can_deny, can_matter, observed, verdict

NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
LISBON = Spot("PT", 38.7, -9.1, 20)
PORTO = Spot("PT", 41.1, -8.6, 20)
SANTIAGO = Spot("CL", -33.4, -70.6, 50)
NOWHERE = Spot("CL")
DEFAULT: Final = rulebook(DEFAULT_RULES)
_SEVERITY: Final = (Answer.ALLOW, Answer.STEP_UP, Answer.DENY)


def seen(
    *earlier: tuple[float, Spot | None],
    here: Spot | None = LISBON,
    known: bool = True,
    is_lost: bool = False,
) -> Observed:
    """`earlier` by hours ago."""
    return observed(
        now=NOW,
        device_known=known,
        stuffing=False,
        is_anonymous=False,
        here=here,
        earlier=[(NOW - timedelta(hours=hours), spot) for hours, spot in earlier],
        is_lost=is_lost,
    )


def test_a_country_is_new_beside_others_only() -> None:
    """Whoever comes for the first time comes from nowhere unusual."""
    assert Signal.NEW_COUNTRY in seen((300, SANTIAGO), (500, SANTIAGO)).signals
    assert not seen((300, SANTIAGO), (900, PORTO)).signals
    assert not seen().signals
    assert not seen((300, None), (500, Spot(""))).signals


def test_where_what_was_known_is_lost_every_country_is_new() -> None:
    assert seen(is_lost=True).signals == {Signal.NEW_COUNTRY}
    assert not seen(here=None, is_lost=True).signals


def test_what_is_not_known_speaks_for_nothing() -> None:
    assert not seen((1, SANTIAGO), here=None).signals
    assert not seen((1, SANTIAGO), here=Spot("")).signals
    assert seen((1, NOWHERE)).signals == {Signal.NEW_COUNTRY}


@pytest.mark.parametrize(
    ("hours", "there", "is_impossible"),
    [
        (1, SANTIAGO, True),  # 10 000 km
        (9, SANTIAGO, True),
        (11, SANTIAGO, False),
        (0, PORTO, False),  # nearer than a file of places is exact
    ],
)
def test_nobody_is_faster_than_an_airliner(hours: int, there: Spot, is_impossible: bool) -> None:
    assert (Signal.IMPOSSIBLE_TRAVEL in seen((hours, there)).signals) is is_impossible


def test_the_last_place_counts_and_not_the_one_before() -> None:
    home_again = seen((1, LISBON), (2, SANTIAGO))
    assert Signal.IMPOSSIBLE_TRAVEL not in home_again.signals


def test_the_values_say_what_it_was_told_from() -> None:
    values = seen((1, SANTIAGO)).values
    assert (values["country"], values["countries_before"]) == ("PT", ["CL"])
    assert values["hours"] == 1.0
    assert 9_000 < float(str(values["kilometres"])) < 11_000


def test_an_hour_is_unusual_for_whoever_keeps_hours() -> None:
    """Around midnight too; of nine sign-ins no hour is usual."""
    nights = [(float(14 + 24 * day), None) for day in range(10)]  # at midnight
    assert Signal.UNUSUAL_HOUR in seen(*nights).signals
    assert Signal.UNUSUAL_HOUR not in seen(*nights[:9]).signals
    assert Signal.UNUSUAL_HOUR not in seen(*nights, (3, None)).signals  # once at eleven


@pytest.mark.parametrize(
    ("signals", "second", "answer", "told"),
    [
        ({"new_device"}, Second.POSSIBLE, Answer.ALLOW, False),
        ({"new_country", "impossible_travel"}, Second.POSSIBLE, Answer.ALLOW, False),
        ({"new_device", "new_country"}, Second.POSSIBLE, Answer.STEP_UP, False),
        ({"new_device", "anonymous_network"}, Second.POSSIBLE, Answer.STEP_UP, False),
        ({"new_device", "new_country"}, Second.PROVEN, Answer.ALLOW, False),
        ({"new_device", "new_country"}, Second.NONE, Answer.ALLOW, True),
        ({"new_device", "stuffing_alarm", "unusual_hour"}, Second.NONE, Answer.ALLOW, False),
    ],
)
def test_the_default_is_calm(
    signals: Iterable[str], second: Second, answer: Answer, told: bool
) -> None:
    """A browser that is known is never doubted, and a new one alone neither."""
    found = verdict(DEFAULT, {Signal(each) for each in signals}, second)
    assert (found.answer, found.is_told) == (answer, told)


def test_denied_is_always_told() -> None:
    book = RuleBook((Rule("a", frozenset({Signal.NEW_DEVICE}), 10),), deny=10)
    found = verdict(book, {Signal.NEW_DEVICE}, Second.PROVEN)
    assert (found.answer, found.is_told, found.score) == (Answer.DENY, True, 10)


def test_who_has_nothing_more_is_answered_as_the_rules_say() -> None:
    rules = (Rule("a", frozenset({Signal.NEW_DEVICE}), 10),)
    answers = {
        otherwise: verdict(
            RuleBook(rules, step_up=10, otherwise=otherwise), {Signal.NEW_DEVICE}, Second.NONE
        )
        for otherwise in ("allow", "notify", "deny")
    }
    assert [(each.answer, each.is_told) for each in answers.values()] == [
        (Answer.ALLOW, False),
        (Answer.ALLOW, True),
        (Answer.DENY, True),
    ]


def test_nothing_is_gathered_where_nothing_can_come_of_it() -> None:
    """The default without files of places and networks; and a file without answers."""
    without_files = {Signal.NEW_DEVICE, Signal.STUFFING_ALARM, Signal.UNUSUAL_HOUR}
    assert not can_matter(DEFAULT, without_files)
    assert can_matter(DEFAULT, {*without_files, Signal.NEW_COUNTRY})
    assert not can_matter(RuleBook(DEFAULT.rules), Signal)


def test_whether_anybody_can_be_denied() -> None:
    assert not can_deny(DEFAULT, {Signal.NEW_DEVICE})
    far = RuleBook((Rule("far", frozenset({Signal.NEW_COUNTRY}), 5),), step_up=5)
    assert not can_deny(far, Signal)
    for book in (replace(far, deny=5), replace(far, otherwise="deny")):
        assert can_deny(book, Signal)
        assert not can_deny(book, {Signal.NEW_DEVICE})
    assert not can_deny(replace(far, deny=6), Signal)


signals = st.sets(st.sampled_from(list(Signal)))
points = st.none() | st.integers(1, 60)
books = st.builds(
    RuleBook,
    st.lists(
        st.builds(
            Rule,
            st.text(max_size=3),
            st.sets(st.sampled_from(list(Signal)), min_size=1).map(frozenset),
            st.integers(1, 60),
        ),
        max_size=6,
    ).map(tuple),
    notify=points,
    step_up=points,
    deny=points,
    otherwise=st.sampled_from(["allow", "notify", "deny"]),
)


@settings(max_examples=40, deadline=None)
@given(books, signals, signals, st.sampled_from(list(Second)))
def test_more_signals_never_lead_to_less(
    book: RuleBook, some: set[Signal], more: set[Signal], second: Second
) -> None:
    """The attack: turn a further signal on to be less suspicious. Whatever the operator writes,
    neither answer nor score gets milder by it."""
    before, after = verdict(book, some, second), verdict(book, some | more, second)
    assert after.score >= before.score
    assert _SEVERITY.index(after.answer) >= _SEVERITY.index(before.answer)
    assert after.is_told >= before.is_told
    assert after == verdict(book, sorted(some | more), second)
    if not can_deny(book, some):
        assert before.answer is not Answer.DENY
    if not can_matter(book, some):
        assert (before.answer, before.is_told) == (Answer.ALLOW, False)
