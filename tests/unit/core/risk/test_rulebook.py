"""A rule file is read whole, or refused with the sentence that says where it is wrong."""

from __future__ import annotations

import pytest

from portero.core.risk import BadRules, Signal, rulebook

GOOD = """
[answers]
notify = 30
deny = 90
otherwise = "deny"

[[rules]]
name = "far away"
when = ["impossible_travel", "new_device"]
points = 60
"""


def test_a_file_is_what_it_says() -> None:
    book = rulebook(GOOD)
    assert (book.notify, book.step_up, book.deny, book.otherwise) == (30, None, 90, "deny")
    assert book.least == 30
    assert [rule.name for rule in book.rules] == ["far away"]
    assert book.rules[0].when == {Signal.IMPOSSIBLE_TRAVEL, Signal.NEW_DEVICE}
    assert book.rules[0].points == 60


@pytest.mark.parametrize(
    ("found", "put", "sentence"),
    [
        ("[answers]", "[answers", "it is no TOML: .*line 2"),
        ("deny = 90", "denied = 90", r"\[answers\] has denied; known are deny, notify"),
        ("deny = 90", 'deny = "90"', r"\[answers\] deny must be a whole number from 1 to 1000"),
        ("deny = 90", "deny = true", r"\[answers\] deny must be a whole number"),
        ('"deny"', '"refuse"', r"\[answers\] otherwise must be one of allow, notify, deny"),
        ('"far away"', '""', "rule 1 needs a name"),
        ("points = 60", "points = -60", "rule 1 .“far away”.: points must be a whole number"),
        ("points = 60", "", "rule 1 .“far away”. needs points"),
        ('"new_device"', '"tea_time"', "rule 1 .“far away”.: when names tea_time; known are new_d"),
        ('["impossible_travel", "new_device"]', "[]", "rule 1 .“far away”. needs when"),
        ("[[rules]]", "[rules]", r"each rule must begin with \[\[rules\]\]"),
        ("[[rules]]", "[[rule]]", "the file has rule; known are answers, rules"),
        ('"new_device"', '["new_device"]', "when names .'new_device'.; known are"),
        ('"new_device"', "{a = 1}", "when names .'a': 1.; known are"),
        ('"new_device"', '""', "when names ; known are"),
        ("points = 60", "points = 60\nif = 1", "rule 1 .“far away”. has if; known are name"),
    ],
)
def test_what_is_wrong_is_named(found: str, put: str, sentence: str) -> None:
    assert found in GOOD
    with pytest.raises(BadRules, match=sentence):
        rulebook(GOOD.replace(found, put))


def test_a_name_is_of_one_rule() -> None:
    """A trace names what fired."""
    rules = GOOD[GOOD.index("[[rules]]") :]
    with pytest.raises(BadRules, match="two rules are called “far away”"):
        rulebook(GOOD + rules)
