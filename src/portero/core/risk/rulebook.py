"""The rule file: TOML, read whole or refused with the one sentence that says what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final

from portero.core.risk.model import Rule, RuleBook, Signal

DEFAULT_RULES: Final = """\
# What makes a sign-in doubtful, and what comes of it. A rule fires when all of its signals are on;
# the points of all rules that fire are added up.

[answers]
# From so many points on. A line that is not there: never.
step_up = 50
# notify = 30
# deny = 100
# Where one more proof is wanted of somebody who has none: allow, notify or deny.
otherwise = "notify"

[[rules]]
name = "a new browser in a new country"
when = ["new_device", "new_country"]
points = 50

[[rules]]
name = "a new browser, too far away to have travelled"
when = ["new_device", "impossible_travel"]
points = 50

[[rules]]
name = "a new browser on an anonymising network"
when = ["new_device", "anonymous_network"]
points = 50

[[rules]]
name = "a new browser while stolen passwords are tried"
when = ["new_device", "stuffing_alarm"]
points = 20

[[rules]]
name = "a new browser at an unusual hour"
when = ["new_device", "unusual_hour"]
points = 10
"""

_MOST_RULES: Final = 100
_MOST_POINTS: Final = 1000
_OTHERWISE: Final = ("allow", "notify", "deny")


class BadRules(ValueError):
    """One sentence that names the line, the rule or the answer."""


def rulebook(text: str) -> RuleBook:
    """Raises `BadRules`."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"it is no TOML: {error}") from None
    _check_names("the file", found, {"answers", "rules"})
    answers = found.get("answers", {})
    if not isinstance(answers, dict):
        raise BadRules("[answers] must be a table")
    _check_names("[answers]", answers, {"notify", "step_up", "deny", "otherwise"})
    otherwise = answers.get("otherwise", "notify")
    if otherwise not in _OTHERWISE:
        raise BadRules(f"[answers] otherwise must be one of {', '.join(_OTHERWISE)}")
    listed = found.get("rules", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise BadRules("each rule must begin with [[rules]]")
    if len(listed) > _MOST_RULES:
        raise BadRules(f"there are {len(listed)} rules, and {_MOST_RULES} is the most")
    rules = tuple(_rule(number, each) for number, each in enumerate(listed, start=1))
    names = [rule.name for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadRules(f"two rules are called “{twice}”")
    return RuleBook(
        rules,
        notify=_points("[answers] notify", answers.get("notify")),
        step_up=_points("[answers] step_up", answers.get("step_up")),
        deny=_points("[answers] deny", answers.get("deny")),
        otherwise=otherwise,
    )


def _rule(number: int, given: Mapping[str, Any]) -> Rule:
    place = f"rule {number}"
    name = given.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadRules(f"{place} needs a name of 1 to 100 characters")
    place = f"{place} (“{name}”)"
    _check_names(place, given, {"name", "when", "points"})
    when = given.get("when")
    if not isinstance(when, list) or not when:
        raise BadRules(f"{place} needs when, a list of signals")
    known = {signal.value for signal in Signal}
    if unknown := [each for each in when if not isinstance(each, str) or each not in known]:
        raise BadRules(f"{place}: when names {unknown[0]}; known are {', '.join(Signal)}")
    points = _points(f"{place}: points", given.get("points"))
    if points is None:
        raise BadRules(f"{place} needs points")
    return Rule(name, frozenset(Signal(each) for each in when), points)


def _points(place: str, given: object) -> int | None:
    """None where nothing is said. No rule takes points away: then whoever adds a signal could be
    less suspicious."""
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= _MOST_POINTS:
        raise BadRules(f"{place} must be a whole number from 1 to {_MOST_POINTS}")
    return given


def _check_names(place: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := next((name for name in given if name not in known), None):
        raise BadRules(f"{place} has {unknown}; known are {', '.join(sorted(known))}")
