"""What the account says about the person."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from flask import Response, request

from portero.core.accounts.profile import time_zones
from portero.translations import available
from portero.web.account.console import Console, Visit
from portero.web.account.told import Done

_FIELDS: Final = ("display_name", "locale", "zoneinfo")
# The others are other spellings ("GB", "Etc/GMT+5") that nobody lives in.
_REGIONS: Final = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia",
                   "Europe", "Indian", "Pacific")  # fmt: skip


def mount(console: Console) -> None:
    console.page("/profile", _show, _change, here="/profile")


def _show(visit: Visit) -> Response:
    kept = {name: getattr(visit.account, name) for name in _FIELDS}
    visit.typed = {**kept, **visit.typed}
    return visit.html(
        "account/profile.html",
        languages=_languages(visit.account.locale),
        zones=_zones(visit.account.zoneinfo),
    )


def _change(visit: Visit) -> Done:
    named = {name: request.form[name] for name in _FIELDS if name in request.form}
    visit.rooms.accounts.change_profile(visit.actor, visit.account.id, named, by_owner=True)
    return Done("Your profile is saved.")


def _languages(kept: str) -> list[tuple[str, str]]:
    """Those that these pages speak, each by its own name; and whichever one is kept."""
    tags = available()
    return [(tag, _own_name(tag)) for tag in (*tags, *({kept} - {"", *tags}))]


@lru_cache(maxsize=64)
def _own_name(tag: str) -> str:
    from babel.core import Locale

    named = Locale.parse(tag, sep="-").get_display_name()
    return named[:1].upper() + named[1:] if named else tag


def _zones(kept: str) -> list[tuple[str, Any]]:
    """UTC, then by region each zone and its place; and whichever one is kept."""
    zones: list[tuple[str, Any]] = [("", "UTC"), *_places()]
    known = {zone for _, places in _places() for zone, _ in places}
    return [*zones[:1], *([(kept, kept)] if kept and kept not in known else []), *zones[1:]]


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[str, list[tuple[str, str]]], ...]:
    return tuple((region, list(_of(region))) for region in _REGIONS)


def _of(region: str) -> Iterator[tuple[str, str]]:
    for zone in sorted(time_zones()):
        if zone.startswith(f"{region}/"):
            yield zone, zone.removeprefix(f"{region}/").replace("_", " ").replace("/", ", ")
