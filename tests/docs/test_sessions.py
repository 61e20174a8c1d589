"""The page about sessions says what is in force (ASVS 5.0 7.1.1)."""

from __future__ import annotations

import re
from pathlib import Path

from portero.settings import load

PAGE = (Path(__file__).parents[2] / "docs/explanation/sessions.md").read_text("utf-8")


def test_the_page_of_sessions_has_the_lifetimes_in_force(tmp_path: Path) -> None:
    """Each figure in seconds beside the setting that changes it, and in the words of people."""
    settings = load({}, cwd=tmp_path)
    told = re.findall(r"(\d+) s, (\d+) (days|hours) \(`PORTERO_(\w+)`\)", PAGE)
    assert {name for *_, name in told} == {
        "SESSION_IDLE_SECONDS", "SESSION_SECONDS", "BRIEF_SESSION_SECONDS",
    }  # fmt: skip
    for seconds, count, unit, name in told:
        assert getattr(settings, name.lower()) == int(seconds), name
        assert int(count) * {"days": 86_400, "hours": 3600}[unit] == int(seconds), name
