"""The pages about ASVS name tests that exist, and have every row."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
# Of ASVS 5.0.0: how many rows each chapter has.
CHAPTERS = {3: 31, 6: 47, 7: 19, 8: 13, 9: 7, 10: 36, 11: 24, 13: 21, 14: 13, 16: 17}
PAGES = [REFERENCE / "asvs.md", *sorted((REFERENCE / "asvs").glob("v*.md"))]
ROWS = [
    row
    for page in PAGES
    for row in re.findall(
        r"^\| (\d+\.\d+\.\d+) \| ([123]) \| (.+?) \| (.+?) \| ?(.*?) ?\|$",
        page.read_text("utf-8"),
        re.MULTILINE,
    )
]


def test_each_row_names_tests_that_exist() -> None:
    """A test that was renamed is renamed here too."""
    places = (*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("guard/tests/test_*.py"))
    texts = (path.read_text("utf-8") for path in places)
    there = {
        name for text in texts for name in re.findall(r"^ *def (test_\w+)", text, re.MULTILINE)
    }
    others = (REFERENCE / "asvs/others.md").read_text("utf-8")
    named = {row: re.findall(r"`(test_\w+)`", shown) for row, *_, shown in ROWS}
    # What is of level 3, or does not apply, may have none; all else is shown.
    bare = {row for row, level, _, state, _ in ROWS if level == "3" or state.startswith("does not")}
    assert {row for row, names in named.items() if not names} <= bare
    of_others = re.findall(r"`(test_\w+)`", others)
    assert {*of_others, *(name for names in named.values() for name in names)} - there == set()
    assert all("`test_" in row or "| does not apply" in row for row in others.splitlines()[8:])


def test_each_row_is_there_once_in_order_with_a_state() -> None:
    """Those of levels 1 and 2 are met, argued, or about what is not here."""
    numbers = [tuple(map(int, row.split("."))) for row, *_ in ROWS]
    assert len(numbers) == len(set(numbers))
    assert Counter(chapter for chapter, *_ in numbers) == CHAPTERS
    for page in PAGES:
        here = re.findall(r"^\| (\d+)\.(\d+)\.(\d+) \|", page.read_text("utf-8"), re.MULTILINE)
        assert [tuple(map(int, one)) for one in here] == sorted(
            tuple(map(int, one)) for one in here
        )
    for row, level, _, state, _ in ROWS:
        allowed = ("met", "argued: ", "does not apply: ", "does not apply until ")
        if level == "3":
            allowed += ("partly: ", "not met: ")
        assert state.startswith(allowed), row


def test_no_row_was_missed_by_how_it_is_written() -> None:
    """A row that is no row, for want of a bar, would be checked by nobody."""
    begun = sum(
        len(re.findall(r"^\|? ?\d+\.\d+\.\d+\b", p.read_text("utf-8"), re.M)) for p in PAGES
    )
    assert begun == len(ROWS)
