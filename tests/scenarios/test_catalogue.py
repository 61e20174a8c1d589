"""The catalogue of rules is honest: what it calls done is shown by a test that exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.scenarios.catalogue import Rule, chapters
from tools import specs

ROOT = Path(__file__).parents[2]
RULES = [rule for chapter in chapters() for rule in chapter.rules]


@cache
def named_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.source}: {rule.text[:40]}")
def test_each_rule_has_a_state_and_its_tests_exist(rule: Rule) -> None:
    """Done and shown, or not for us and why, or missing and what."""
    assert rule.source
    assert rule.text
    assert rule.state in ("done", "does not apply", "not yet")
    for node in rule.tests:
        path, _, name = node.partition("::")
        assert name in named_in(path), node


def test_no_rule_is_told_twice() -> None:
    """One rule has one row."""
    assert len({(rule.source, rule.text) for rule in RULES}) == len(RULES)


def test_the_page_is_up_to_date() -> None:
    """`python -m tools.specs` would change nothing."""
    assert specs.PAGE.read_text("utf-8") == specs.page()
