"""Requests and answers as values."""

from __future__ import annotations

import pytest

from portero.web.exchange import Request


@pytest.mark.parametrize(
    ("name", "lines", "joined"),
    [
        ("cookie", ("a=1", "b=2"), "a=1; b=2"),
        ("accept-language", ("de", "en;q=0.5"), "de, en;q=0.5"),
        ("accept", (), None),
    ],
)
def test_lines_of_a_field_are_one_value(
    name: str, lines: tuple[str, ...], joined: str | None
) -> None:
    """RFC 9110 §5.3; cookies are the list that is joined otherwise (RFC 9113 §8.2.3)."""
    headers = tuple((name, line) for line in lines)
    assert Request("GET", "/", "", headers, b"", "", "http", "r").header(name) == joined
