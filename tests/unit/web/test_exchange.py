"""Requests and answers as values."""

from __future__ import annotations

import pytest

from portero.web.exchange import FixedHeaders, Request, by_name, on_wire


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
    assert Request("GET", "/", "", by_name(headers), b"", "", "http", "r").header(name) == joined


def test_fixed_headers_are_headers_like_others() -> None:
    """Encoded once; with one more they are encoded anew, so that none gets lost."""
    plain = (("Content-Type", "text/plain"), ("X-É", "é"))
    fixed = FixedHeaders(*plain)
    assert fixed == plain
    assert on_wire(fixed) == on_wire(plain)
    assert on_wire(fixed) is on_wire(fixed)
    assert on_wire((*fixed, ("A", "b"))) == (*on_wire(plain), (b"a", b"b"))
