"""Files that people enjoy: 60 to 150 lines; past 300 a file is listed here with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST_LINES = 300
LONGEST_OF_ALL = 500

# path: why it may be longer than MOST_LINES.
LONG_FOR_A_REASON: dict[str, str] = {
    "guard/src/portero_guard/guard.py": "one class that all frameworks share, with its options",
    "src/portero/kit/db.py": "one handle on two databases: its types, transactions and retries",
}


def too_long(root: Path) -> dict[str, int]:
    sizes = {
        path.relative_to(root).as_posix(): len(path.read_text().splitlines())
        for source in ("src", "guard/src")
        for path in (root / source).rglob("*.py")
        if "versions" not in path.parts  # a revision is as long as the change it makes
    }
    return {path: lines for path, lines in sizes.items() if lines > MOST_LINES}


def test_long_files_are_listed_with_a_reason() -> None:
    """A file that grew past the mark is split, or somebody says why not."""
    assert {path: n for path, n in too_long(ROOT).items() if path not in LONG_FOR_A_REASON} == {}


def test_no_reason_is_good_enough_for_a_huge_file() -> None:
    """Twice listed is once too often."""
    assert {path: n for path, n in too_long(ROOT).items() if n > LONGEST_OF_ALL} == {}


def test_the_list_names_only_files_that_are_long() -> None:
    """A file that became short again leaves the list."""
    assert set(LONG_FOR_A_REASON) <= set(too_long(ROOT))


@pytest.mark.parametrize(("lines", "caught"), [(MOST_LINES, False), (MOST_LINES + 1, True)])
def test_a_planted_long_file_is_caught(tmp_path: Path, lines: int, caught: bool) -> None:
    """The mark is where it says it is."""
    place = tmp_path / "src" / "portero"
    place.mkdir(parents=True)
    (place / "planted.py").write_text("x = 1\n" * lines)
    assert bool(too_long(tmp_path)) is caught
