"""What a command prints of other people's text."""

from __future__ import annotations

import json

import pytest

from portero.cli.console import Console, json_text

DRAWN = "ana\x9b2J\u202e\x85\u2028\x1b[2J\U000e0041"


def test_no_document_draws_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """The attack: a User-Agent that clears the operator's screen, or writes the next line of
    `portero audit list --json`. It reads to the same value."""
    Console(as_json=True).show({"user_agent": DRAWN, "name": "Αννα, 安娜"})
    printed = capsys.readouterr().out
    assert not {sign for sign in printed if not sign.isprintable()} - {"\n"}
    assert json.loads(printed) == {"user_agent": DRAWN, "name": "Αννα, 安娜"}
    assert "安娜" in printed


def test_a_document_on_one_line_stays_on_it() -> None:
    """For errors, which programs read line by line."""
    assert json_text({"a": "b\nc"}, indent=None) == '{"a": "b\\nc"}'
