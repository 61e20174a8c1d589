"""Write docs/reference/specs.md: what the specifications demand, and the tests that show it.

python -m tools.specs
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.scenarios.catalogue import Rule, chapters

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "specs.md"
_MADE: Final = (
    "<!-- Made by `python -m tools.specs`. Change tests/scenarios/rules, not this page. -->"
)


def page() -> str:
    return "\n".join(_lines()) + "\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def _lines() -> Iterator[str]:
    told = chapters()
    states = [rule.state for chapter in told for rule in chapter.rules]
    yield from (
        _MADE,
        "",
        "# What the specifications demand",
        "",
        "One row for each rule that a server has to keep, in our words. **Done** names the tests",
        "that show it. **Does not apply** and **not yet** say why; a rule that is built and that",
        "no test shows is not yet done.",
        "",
        ", ".join(
            f"{state}: {states.count(state)}" for state in ("done", "does not apply", "not yet")
        ),
    )
    for chapter in told:
        yield from (
            "",
            f"## {chapter.title}",
            "",
            "| Source | Rule | State |",
            "| --- | --- | --- |",
        )
        yield from (_row(rule) for rule in chapter.rules)


def _row(rule: Rule) -> str:
    shown = "<br>".join(f"`{node}`" for node in rule.tests) or rule.reason or rule.missing
    cells = (rule.source, rule.text, f"**{rule.state}**: {shown}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    main()
