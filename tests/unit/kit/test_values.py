"""Values that are made for every request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero.kit.values import names_in, values_in
from portero.web.strict import Head

HEAD = Head("/a", 1, chunked=False)


def test_a_quick_value_is_one() -> None:
    """Equal, hashed and changed in a copy as a frozen dataclass is."""
    assert Head("/a", 1, chunked=False) == HEAD
    assert hash(HEAD) == hash(Head("/a", 1, chunked=False))
    assert replace(HEAD, path="/b") == Head("/b", 1, chunked=False) != HEAD


def test_its_fields_are_told_by_name() -> None:
    """In order, and as they are: stores write what they are given."""
    told = values_in(HEAD)
    assert tuple(told) == names_in(Head)
    assert Head(**told) == HEAD


def test_it_takes_no_other_field() -> None:
    """A typing mistake is an error while it runs, too."""
    with pytest.raises(AttributeError):
        HEAD.pathh = "/b"  # type: ignore[attr-defined]
