"""From rows and the `[brands]` table of portero.toml to how pages look, for one client too.

[brands."client-id"]
name = "Notes"
logo = "brand/notes.svg"
accent = "#0b5cad"
terms_url = "https://notes.example/terms"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from portero.kit import colours
from portero.kit.branding import Brand, Branding, Picture
from portero.kit.colours import Accent
from portero.settings import looks, parsing
from portero.settings.errors import SettingsError

_TABLE: Final = "brands"
_MOST_LOGO_BYTES: Final = 64 * 1024  # it is on every page
_PICTURES: Final = ("logo", "logo_dark")
_READERS: Final = {
    "name": parsing.text,
    "accent": looks.accent,
    "privacy_url": parsing.service_url,
    "terms_url": parsing.service_url,
    "imprint_url": parsing.service_url,
    "support": looks.support,
}
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "image/webp"),
    (b"<svg", "image/svg+xml"),
    (b"<?xml", "image/svg+xml"),
)


def branding(values: Mapping[str, Any], table: object, *, cwd: Path) -> Branding:
    """Raises `SettingsError` for a picture that is none, or a colour that nobody could read."""
    site = _brand({**values, "name": values["product_name"]}, key=lambda f: f"PORTERO_{f.upper()}")
    if not isinstance(table, Mapping):
        raise SettingsError(_TABLE, f"[{_TABLE}] in portero.toml must be a table.")
    clients = {str(name): _client(str(name), given, cwd) for name, given in table.items()}
    return Branding(site, {name: brand.over(site) for name, brand in clients.items()})


def _client(client_id: str, given: object, cwd: Path) -> Brand:
    key = f'{_TABLE}."{client_id}"'
    known = {*_READERS, *_PICTURES}
    if not isinstance(given, Mapping) or not set(given) <= known:
        raise SettingsError(key, f"{key} must be a table of {', '.join(sorted(known))}.")
    values: dict[str, Any] = {}
    for name in known:
        text = given.get(name, "")
        if not isinstance(text, str):
            raise SettingsError(f"{key}.{name}", f"{key}.{name} must be a text.")
        if name in _PICTURES:
            values[name] = cwd / text if text else None
            continue
        try:
            values[name] = _READERS[name](text)
        except parsing.Unparsable as error:
            raise SettingsError(f"{key}.{name}", f"{key}.{name} must be {error}.") from error
    return _brand(values, key=lambda field: f"{key}.{field}")


def _brand(v: Mapping[str, Any], *, key: Any) -> Brand:
    return Brand(
        name=v["name"],
        logo=_picture(v["logo"], key("logo")),
        logo_dark=_picture(v["logo_dark"], key("logo_dark")),
        accent=_accent(v["accent"], key("accent")),
        privacy_url=v["privacy_url"],
        terms_url=v["terms_url"],
        imprint_url=v["imprint_url"],
        support=v["support"],
    )


def _accent(given: tuple[str, ...], key: str) -> Accent | None:
    if not given:
        return None
    light, dark = given[0], given[-1]
    _require_readable(light, colours.LIGHT_GROUNDS, "light", key)
    if len(given) == 1:
        dark = colours.lightened(light)
    _require_readable(dark, colours.DARK_GROUNDS, "dark", key)
    return Accent(light, dark)


def _require_readable(colour: str, grounds: tuple[str, ...], scheme: str, key: str) -> None:
    reached = colours.least_contrast(colour, grounds)
    if reached < colours.READABLE:
        raise SettingsError(
            key,
            f"{key} must be readable: {colour} has a contrast of {reached:.1f} to the {scheme} "
            f"scheme's ground, and links and buttons need {colours.READABLE} (WCAG 2.2 §1.4.3). "
            f"Choose a {'darker' if scheme == 'light' else 'lighter'} one.",
        )


def _picture(place: Path | None, key: str) -> Picture | None:
    """What it is, its first bytes say: a name is only a name."""
    if place is None:
        return None
    try:
        with place.open("rb") as file:
            content = file.read(_MOST_LOGO_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            key, f"{key} names {place}, which can't be read: {error.strerror}."
        ) from error
    kinds = [kind for magic, kind in _MAGIC if content.lstrip().startswith(magic)]
    if not kinds or len(content) > _MOST_LOGO_BYTES:
        raise SettingsError(key, f"{key} must be an SVG, PNG, WebP or JPEG file of up to 64 KiB.")
    return Picture(kinds[0], content)
