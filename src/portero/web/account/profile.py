"""What the account says about the person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from flask import Response, request

from portero.core.accounts.profile import AttributeKind, AttributeRule, time_zones
from portero.translations import available
from portero.web.account.console import Console, Visit
from portero.web.account.told import Done

_FIELDS: Final = ("display_name", "locale", "zoneinfo", "picture")
# Before the name of a free attribute, as its faults have it.
_OWN: Final = "attributes."
_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")
# The others are other spellings ("GB", "Etc/GMT+5") that nobody lives in.
_REGIONS: Final = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia",
                   "Europe", "Indian", "Pacific")  # fmt: skip


def mount(console: Console) -> None:
    console.page("/profile", _show, _change, here="/profile")


def _show(visit: Visit) -> Response:
    account, schema = visit.account, visit.rooms.accounts.attributes
    kept = {name: getattr(account, name) for name in _FIELDS}
    kept |= {f"{_OWN}{name}": _as_typed(account.attributes.get(name)) for name in schema}
    # A box that is not ticked is not sent: what was typed counts alone, where something was.
    visit.typed = {**dict.fromkeys(kept, ""), **visit.typed} if visit.typed else kept
    return visit.html(
        "account/profile.html",
        languages=_languages(account.locale),
        zones=_zones(account.zoneinfo),
        attributes=[
            (f"{_OWN}{name}", _label(name), rule)
            for name, rule in schema.items()
            if rule.owner_editable
        ],
        settled=[
            (_label(name), kept[f"{_OWN}{name}"])
            for name, rule in schema.items()
            if not rule.owner_editable and name in account.attributes
        ],
        has_phone=visit.rooms.phone is not None,
    )


def _change(visit: Visit) -> Done:
    form = request.form
    named: dict[str, object] = {name: form[name] for name in _FIELDS if name in form}
    own = {
        name: _typed(form.get(f"{_OWN}{name}", ""), rule)
        for name, rule in visit.rooms.accounts.attributes.items()
        if rule.owner_editable
    }
    if own:
        named["attributes"] = own
    visit.rooms.accounts.change_profile(visit.actor, visit.account.id, named, by_owner=True)
    return Done("Your profile is saved.")


def _label(name: str) -> str:
    """An attribute has no other words than its name, which its operator chose."""
    return name.replace("_", " ").capitalize()


def _as_typed(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _typed(text: str, rule: AttributeRule) -> object:
    """What a field of the form stands for; the room below says what is wrong with it."""
    if rule.kind is AttributeKind.BOOLEAN:
        return bool(text)
    if not text:
        return None
    if rule.kind is AttributeKind.INTEGER and _WHOLE.fullmatch(text):
        return int(text)
    return text


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
