"""The page about ASVS names tests that exist."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/asvs.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| (\d+\.\d+\.\d+) \| ([123]) \| (.+?) \| (.+?) \| ?(.*?) ?\|$", PAGE, re.MULTILINE
)


def test_each_row_names_tests_that_exist() -> None:
    """A test that was renamed is renamed here too."""
    texts = (path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    there = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = {row: re.findall(r"`(test_\w+)`", shown) for row, *_, shown in ROWS}
    bare = {row for row, _, _, state, _ in ROWS if not state.startswith(("met", "partly"))}
    assert {row for row, names in named.items() if not names} <= bare
    assert {name for names in named.values() for name in names} - there == set()


def test_each_row_is_there_once_in_order_with_a_state() -> None:
    """All 47 of V6 and 19 of V7; those of levels 1 and 2 are met, or are about what does not exist
    yet."""
    numbers = [tuple(map(int, row.split("."))) for row, *_ in ROWS]
    assert numbers == sorted(set(numbers))
    assert Counter(chapter for chapter, *_ in numbers) == {6: 47, 7: 19}
    for row, level, _, state, _ in ROWS:
        allowed = ("met", "does not apply until ")
        if level == "3":
            allowed += ("partly: ", "not met: ")
        assert state.startswith(allowed), row
