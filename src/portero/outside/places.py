"""Where an address is, from a file of places that the operator has (MaxMind DB, `.mmdb`).

Nobody is asked, so nobody learns who signs in from where. Needs the extra `geoip`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from portero.core.risk import Spot

log = logging.getLogger(__name__)

# The file's own tags, where ours is another.
_NAMED: Final = {"pt": "pt-BR", "zh": "zh-CN"}


class PlaceFile:
    """Read through a memory map, which worker processes share. A new file is seen at a restart."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` or `ValueError` for what is no such file."""
        import maxminddb

        try:
            self._places = maxminddb.open_database(path)
        except maxminddb.InvalidDatabaseError as error:
            raise ValueError(str(error)) from error
        self._broken = maxminddb.InvalidDatabaseError
        self._is_told = False

    def place_of(self, address: str, tag: str) -> str:
        """Town and country in that language (BCP 47), else in English; '' when nothing is known."""
        found = self._found(address)
        names = (_name(found.get(part), tag) for part in ("city", "country"))
        return ", ".join(name for name in names if name)

    def spot_of(self, address: str) -> Spot | None:
        """The country (ISO 3166-1) and the coordinates, as far as the file has them."""
        found = self._found(address)
        if not found:
            return None
        country, location = _part(found, "country"), _part(found, "location")
        code = country.get("iso_code")
        return Spot(
            str(code) if code else "",
            _number(location.get("latitude")),
            _number(location.get("longitude")),
            _number(location.get("accuracy_radius")) or 0,
        )

    def _found(self, address: str) -> Mapping[str, Any]:
        """The file is for what people see and for doubts: when it goes bad under us, places are
        unknown, and nobody is kept out."""
        try:
            found = self._places.get(address)
        except ValueError:  # no address, or IPv6 in a file of IPv4
            return {}
        except self._broken as error:
            if not self._is_told:
                log.warning("the file of places can't be read any more: %s", error)
                self._is_told = True
            return {}
        return found if isinstance(found, Mapping) else {}


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) else None


def _name(part: Any, tag: str) -> str:
    names = part.get("names", {}) if isinstance(part, Mapping) else {}
    if not isinstance(names, Mapping):
        return ""
    tags = (tag, _NAMED.get(tag, ""), "en")
    return next((str(names[each]) for each in tags if each in names), "")
