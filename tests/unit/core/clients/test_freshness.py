"""For how long another server's answer is remembered."""

from __future__ import annotations

import pytest

from portero.core.clients.freshness import Freshness


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 300),
        ({"cache-control": "public, max-age=900"}, 900),
        ({"cache-control": "max-age=900", "age": "200"}, 700),
        ({"cache-control": "max-age=900", "age": "1e3"}, 900),
        ({"cache-control": "max-age=1"}, 60),
        ({"cache-control": "max-age=99999999"}, 3600),
        ({"cache-control": "no-store"}, 60),
        ({"cache-control": "No-Cache, max-age=900"}, 60),
        ({"cache-control": "s-maxage=900"}, 300),
        ({"cache-control": "s-max-age=7, x-max-age=9"}, 300),
        ({"cache-control": 'max-age="900"'}, 900),
        ({"cache-control": "max-age=900x"}, 300),
    ],
)
def test_how_long_is_within_our_bounds(headers: dict[str, str], seconds: int) -> None:
    """RFC 9111 §5.2.2: what it says, from a minute to an hour."""
    assert Freshness(least=60, usual=300, most=3600).of(headers) == seconds
