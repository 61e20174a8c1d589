"""How the pages of this deployment look: its brand, the brands of single clients, and its theme.

A client's own `logo_uri` is never shown: it is of another origin, which would see who signs in
where, and could change the picture after anybody looked at it. What an operator gives a client
(`[brands]`) is served by us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portero.kit.branding import Brand, Branding
from portero.web.assets import STATIC, Asset, Assets

STATIC_ROOT: Final = "/static"
BRAND_ROOT: Final = "/brand"
THEME_ROOT: Final = "/theme"
_SITE: Final = "site"
_THEME_SHEET: Final = "theme.css"


@dataclass(frozen=True, slots=True)
class Look:
    """One brand as templates know it: what is a path is below the issuer, "" where there is
    none."""

    name: str
    logo: str
    logo_dark: str
    stylesheet: str
    privacy_url: str
    terms_url: str
    imprint_url: str
    support: str

    @property
    def has_links(self) -> bool:
        return bool(self.privacy_url or self.terms_url or self.imprint_url or self.support)


class Looks:
    """`branding` as it was declared, `theme_dir` as it is on the disk when the process starts."""

    def __init__(self, branding: Branding | None = None, theme_dir: Path | None = None) -> None:
        branding = branding or Branding()
        self.theme_dir = theme_dir
        self.static = Assets.of_folder(STATIC_ROOT, STATIC)
        self._brands = Assets(BRAND_ROOT, {})
        self.site = self._look(_SITE, branding.site)
        self._clients: Mapping[str, Look] = {
            client_id: self._look(hashlib.sha256(client_id.encode()).hexdigest()[:12], brand)
            for client_id, brand in branding.clients.items()
        }
        theme = Assets.of_folder(THEME_ROOT, theme_dir / "static") if theme_dir else None
        self._theme = theme or Assets(THEME_ROOT, {})

    @property
    def folders(self) -> tuple[Assets, ...]:
        return (self.static, self._brands, self._theme)

    @property
    def theme_stylesheet(self) -> str:
        return self._theme.path(_THEME_SHEET) if _THEME_SHEET in self._theme.by_name else ""

    def of_client(self, client_id: str) -> Look:
        return self._clients.get(client_id, self.site)

    def _look(self, key: str, brand: Brand) -> Look:
        def added(name: str, asset: Asset | None) -> str:
            if asset is None:
                return ""
            self._brands.by_name[f"{key}/{name}"] = asset
            return self._brands.path(f"{key}/{name}")

        pictures = {
            name: Asset.of(picture.content, picture.media_type) if picture else None
            for name, picture in (("logo", brand.logo), ("logo-dark", brand.logo_dark))
        }
        sheet = _sheet(brand)
        return Look(
            name=brand.name,
            logo=added("logo", pictures["logo"]),
            logo_dark=added("logo-dark", pictures["logo-dark"]),
            stylesheet=added("brand.css", Asset.of(sheet, "text/css; charset=utf-8"))
            if sheet
            else "",
            privacy_url=brand.privacy_url,
            terms_url=brand.terms_url,
            imprint_url=brand.imprint_url,
            support=brand.support,
        )


def _sheet(brand: Brand) -> bytes:
    """The tokens of `portero.css` that a brand sets. First for browsers that know one scheme."""
    accent = brand.accent
    if accent is None:
        return b""
    return (
        f":root {{ --accent: {accent.light}; --on-accent: {accent.on_light}; }}\n"
        "@supports (color: light-dark(#000, #fff)) { :root { "
        f"--accent: light-dark({accent.light}, {accent.dark}); "
        f"--on-accent: light-dark({accent.on_light}, {accent.on_dark}); }} }}\n"
    ).encode()
