"""Addresses with something added. What may be one is in test_redirect_uris.py."""

from __future__ import annotations

import pytest

from portero.protocol.oauth.uris import with_query


@pytest.mark.parametrize(
    ("uri", "values", "whole"),
    [
        ("https://a.example/x", {"state": "a&b"}, "https://a.example/x?state=a%26b"),
        ("https://a.example/x?", {"a": "1"}, "https://a.example/x?a=1"),
        ("https://a.example/x?y&", {"a": "1"}, "https://a.example/x?y&a=1"),
        (
            "https://a.example/x?y=1",
            {"iss": "i", "sid": "s"},
            "https://a.example/x?y=1&iss=i&sid=s",
        ),
    ],
)
def test_the_registered_query_stays(uri: str, values: dict[str, str], whole: str) -> None:
    """What the client registered comes first and unchanged."""
    assert with_query(uri, values) == whole
