"""Where an address is, in the reader's language, and nothing where nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.core.risk import Spot
from portero.outside.places import PlaceFile
from tests.support.places import LISBON, write_places


@pytest.fixture
def places(tmp_path: Path) -> PlaceFile:
    known = {"198.51.100.0/24": LISBON, "203.0.113.0/24": {"country": {"names": {"en": "Chile"}}}}
    return PlaceFile(write_places(tmp_path / "places.mmdb", known))


@pytest.mark.parametrize(
    ("address", "tag", "place"),
    [
        ("198.51.100.7", "en", "Lisbon, Portugal"),
        ("198.51.100.7", "de", "Lissabon, Portugal"),
        ("198.51.100.7", "pt", "Lisboa, Portugal"),
        ("198.51.100.7", "ar", "Lisbon, Portugal"),
        ("203.0.113.9", "en", "Chile"),
        ("192.0.2.1", "en", ""),
        ("2001:db8::1", "en", ""),
        ("", "en", ""),
        ("no address", "en", ""),
    ],
)
def test_a_place_is_named_as_far_as_it_is_known(
    places: PlaceFile, address: str, tag: str, place: str
) -> None:
    """Town and country, or the country alone; English where the file has no other name."""
    assert places.place_of(address, tag) == place


def test_what_is_no_file_of_places_is_told_at_the_start(tmp_path: Path) -> None:
    """Not at the first page."""
    (tmp_path / "places.mmdb").write_text("nothing of the kind")
    with pytest.raises(ValueError, match="valid"):
        PlaceFile(tmp_path / "places.mmdb")
    with pytest.raises(OSError, match="places"):
        PlaceFile(tmp_path / "places-absent.mmdb")


def test_a_spot_is_a_country_and_coordinates_as_far_as_they_are_known(places: PlaceFile) -> None:
    assert places.spot_of("198.51.100.7") == Spot("PT", 38.7, -9.1, 20)
    assert places.spot_of("203.0.113.9") == Spot("")
    assert places.spot_of("192.0.2.1") is places.spot_of("2001:db8::1") is None
    assert places.spot_of("no address") is None
