"""User codes: how they are made, shown and read."""

from __future__ import annotations

from collections import Counter

import pytest

from portero.core.provider.device.rules import ALPHABET, LENGTH, made_of, shown, typed


def test_codes_have_letters_that_make_no_words() -> None:
    """RFC 8628 §6.1: 20 letters, 8 of them; each letter about as often as another."""
    codes = [made_of(str(number)) for number in range(2000)]
    assert {len(code) for code in codes} == {LENGTH}
    counted = Counter("".join(codes))
    assert set(counted) == set(ALPHABET)
    assert max(counted.values()) < 1.3 * min(counted.values())
    assert not set("AEIOUY") & set(ALPHABET)


@pytest.mark.parametrize(
    "text", ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W D J B.M J H T", "WDJB–MJHT"]
)
def test_a_code_is_read_in_any_spelling(text: str) -> None:
    """Case and the marks between letters say nothing."""
    assert typed(text) == "WDJBMJHT"
    assert shown(typed(text)) == "WDJB-MJHT"


@pytest.mark.parametrize(
    "text", ["", "WDJB-MJH", "WDJB-MJHTT", "ADJB-MJHT", "WDJB-MJH7", "x" * 4000]
)
def test_what_is_no_code_is_none(text: str) -> None:
    """Nothing is looked up for it."""
    assert typed(text) == ""
