"""The page about ASVS names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/asvs.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| (\d+\.\d+\.\d+) \| ([123]) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE
)


def test_each_row_names_tests_that_exist() -> None:
    """A test that was renamed is renamed here too."""
    texts = (path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    there = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = {row: re.findall(r"`(test_\w+)`", shown) for row, *_, shown in ROWS}
    assert len(ROWS) > 25
    assert [row for row, names in named.items() if not names] == []
    assert {name for names in named.values() for name in names} - there == set()


def test_each_row_is_there_once_in_order_with_a_state() -> None:
    """So that one finds it."""
    numbers = [tuple(map(int, row.split("."))) for row, *_ in ROWS]
    assert numbers == sorted(set(numbers))
    assert all(state.startswith(("met", "partly: ")) for _, _, _, state, _ in ROWS)
