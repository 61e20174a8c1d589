"""Packing a status list, by examples worked out by hand."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime

import pytest

from portero.protocol.oauth.status_list import (
    SMALLEST_LIST,
    list_size,
    packed,
    status_claim,
    status_list_claims,
)

NOW = datetime(2026, 5, 4, 12, 0, 0, 900_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("revoked", "octets"),
    [
        ([], b"\x00\x00"),
        ([0], b"\x01\x00"),
        ([7], b"\x80\x00"),
        ([8], b"\x00\x01"),
        ([15, 15], b"\x00\x80"),
        # the draft's own example (§4.1)
        ([0, 3, 4, 5, 7, 8, 9, 13, 15], b"\xb9\xa3"),
    ],
)
def test_bits_are_packed_from_the_lowest(revoked: list[int], octets: bytes) -> None:
    """Index 0 is the lowest bit of the first byte; the order of indices says nothing."""
    assert packed(revoked, size=16) == octets
    assert packed(reversed(revoked), size=16) == octets


def test_an_index_beyond_the_end_is_an_error() -> None:
    """Nothing that is revoked may be left out."""
    with pytest.raises(IndexError):
        packed([16], size=16)


@pytest.mark.parametrize(
    ("end", "size"),
    [(0, SMALLEST_LIST), (SMALLEST_LIST // 2, SMALLEST_LIST), (SMALLEST_LIST, 2 * SMALLEST_LIST),
     (SMALLEST_LIST // 2 + 1, 2 * SMALLEST_LIST)],
)  # fmt: skip
def test_a_list_has_room_for_tokens_to_come(end: int, size: int) -> None:
    """Twice what is in use, and never so small that its length says how many tokens live."""
    assert list_size(end) == size


def test_the_claims_are_those_of_the_draft() -> None:
    """§5.1; the bytes come back, and all of an idle list is small."""
    claims = status_list_claims(
        b"\xb9\xa3",
        uri="https://id.example/oauth/status-list",
        issuer="https://id.example",
        now=NOW,
        ttl_seconds=5,
        lifetime_seconds=300,
    )
    at = int(NOW.timestamp())
    assert claims == {
        "iss": "https://id.example",
        "sub": "https://id.example/oauth/status-list",
        "iat": at,
        "exp": at + 300,
        "ttl": 5,
        "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"},
    }
    assert zlib.decompress(base64.urlsafe_b64decode("eNrbuRgAAhcBXQ==")) == b"\xb9\xa3"
    assert len(zlib.compress(packed([], size=SMALLEST_LIST), 9)) < 50


def test_a_token_names_its_list() -> None:
    """§6.2."""
    assert status_claim(7, "https://x/l") == {
        "status": {"status_list": {"idx": 7, "uri": "https://x/l"}}
    }
