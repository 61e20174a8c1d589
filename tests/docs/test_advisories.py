"""The page about advisories names tests that exist, and that bear the numbers."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/advisories.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
HEADS = {"advisory", "---"}


def named_tests() -> dict[str, str]:
    """Each with the whole text of the files that have one of that name."""
    found: dict[str, str] = {}
    for path in (*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("guard/tests/**/test_*.py")):
        text = path.read_text("utf-8")
        for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE):
            found[name] = found.get(name, "") + text
    return found


def test_each_advisory_is_tried_by_a_test_that_bears_it() -> None:
    """By its name or in its file; a test that was renamed is renamed here too."""
    there = named_tests()
    rows = [row for row in ROWS if row[0] not in HEADS]
    assert len(rows) > 110
    for advisories, _, shown in rows:
        names = re.findall(r"`(test_\w+)`", shown)
        assert set(names) <= there.keys(), advisories
        if shown.startswith("does not apply: "):
            continue
        assert names, advisories
        texts = "".join(there[name] for name in names)
        for one in advisories.split(", "):
            borne = one in texts or one.lower().replace("-", "_") in texts
            assert borne, (one, names)


def test_no_advisory_is_there_twice() -> None:
    """So that one finds it."""
    named = [one for advisories, *_ in ROWS for one in advisories.split(", ")]
    assert [one for one in set(named) - HEADS if named.count(one) > 1] == []
