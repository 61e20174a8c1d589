"""What the specifications demand of Portero, one rule at a time, and the test that shows it.

The rules are in `rules/*.txt`, one file for a chapter. Each rule is two lines or more:

    source | the rule in a sentence
    = a test: path under tests/ (or guard/tests/...), ::, its name; may repeat
    - why it does not apply here
    ? what is missing
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "rules"


@dataclass(frozen=True, slots=True)
class Rule:
    source: str
    text: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    missing: str = ""

    @property
    def state(self) -> str:
        """One of the three; '' where the rule says nothing, or two things."""
        told = [bool(self.tests), bool(self.reason), bool(self.missing)]
        if sum(told) != 1:
            return ""
        return ("done", "does not apply", "not yet")[told.index(True)]


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    rules: tuple[Rule, ...]


def chapters() -> list[Chapter]:
    return [read(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.txt"))]


def read(text: str) -> Chapter:
    """A file of rules; its first line is the chapter's title."""
    title, *blocks = text.strip().split("\n\n")
    return Chapter(title, tuple(_rule(block.splitlines()) for block in blocks))


def _rule(lines: list[str]) -> Rule:
    source, _, text = lines[0].partition(" | ")
    marks: dict[str, list[str]] = {"=": [], "-": [], "?": []}
    for line in lines[1:]:
        marks[line[0]].append(line[2:])
    return Rule(
        source,
        text,
        tests=tuple(_node(each) for each in marks["="]),
        reason=" ".join(marks["-"]),
        missing=" ".join(marks["?"]),
    )


def _node(name: str) -> str:
    return name if name.startswith("guard/") else f"tests/{name}"
