"""The reference says what the code does: it is made from it, and was made again since."""

from __future__ import annotations

import pytest

from portero.settings import DECLARED
from tools import reference

PAGES = ("settings.md", "cli.md", "events.md", "api.md")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    """`python -m tools.reference` would change nothing."""
    assert (reference.FOLDER / name).read_text("utf-8") == reference.pages()[name]


def test_every_page_that_is_made_is_tested() -> None:
    """A new page is not forgotten here."""
    assert set(reference.pages()) == set(PAGES)


def test_every_setting_command_event_and_route_is_told() -> None:
    """One of each sort that must be there, and all settings."""
    made = reference.pages()
    assert all(f"`{row.key}`" in made["settings.md"] for row in DECLARED)
    assert "portero users create [OPTIONS] NAME" in made["cli.md"]
    assert "`login.failed` | failure" in made["events.md"]
    assert "## POST /login\n" in made["api.md"]
