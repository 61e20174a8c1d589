"""Pages that can be trusted: links lead somewhere, code compiles, decisions keep their form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("guard/*.md"))
    if "_build" not in path.parts
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A path of the tree, as texts name them: from a top folder down to a file.
PATH = re.compile(r"`((?:src|tests|guard|docs|examples|tools|benchmarks)/[\w./-]+\.\w+)`")
FORM = ("Context", "Decision", "Consequences")
# Of how a comparison came out; written as question and answer.
OTHER_FORM = {"0005-server.md": ("Question", "Answer", "Why gunicorn all the same")}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    """A reader who follows a link finds a file."""
    for target in LINK.findall(page.read_text()):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """SECURITY.md names tests and ARCHITECTURE.md files: none of them is a memory or a plan."""
    named = [path for path in PATH.findall(page.read_text()) if "<" not in path]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_python_block_compiles(page: Path) -> None:
    """What is copied from a page is at least Python."""
    for block in PYTHON.findall(page.read_text()):
        compile(block, name_of(page), "exec")


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")), ids=name_of)
def test_a_decision_says_why_what_and_what_follows(page: Path) -> None:
    """Its sections, in this order, each with a text of its own."""
    sections = re.findall(r"^## (.+)\n+(?!#)\S", page.read_text(), re.MULTILINE)
    wanted = OTHER_FORM.get(page.name, FORM)
    assert [title for title in sections if title in wanted] == list(wanted)


def test_decisions_are_numbered_without_a_gap() -> None:
    """0001, 0002 and on: none was removed, because its number is cited."""
    numbers = [int(page.name[:4]) for page in sorted(ROOT.glob("docs/decisions/*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
