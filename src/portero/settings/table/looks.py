"""Looks and logs."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from portero.settings import choices, looks, parsing
from portero.settings.rows import setting
from portero.settings.table.push import PushSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LooksSettings(PushSettings):
    product_name: str = setting(
        "PORTERO_PRODUCT_NAME", parsing.text, "Portero", "Name on pages and in mails."
    )
    logo: Path | None = setting(
        "PORTERO_LOGO",
        parsing.paths_optional,
        "",
        "Picture in place of the name on pages: an SVG, PNG, WebP or JPEG file of up to 64 KiB.",
    )
    logo_dark: Path | None = setting(
        "PORTERO_LOGO_DARK", parsing.paths_optional, "", "The same for the dark scheme."
    )
    accent: tuple[str, ...] = setting(
        "PORTERO_ACCENT",
        looks.accent,
        "",
        "Colour of buttons and links, as #1f5c4d; after a comma, the one of the dark scheme.",
    )
    privacy_url: str = setting(
        "PORTERO_PRIVACY_URL", parsing.service_url, "", "Your privacy policy, linked on each page."
    )
    terms_url: str = setting(
        "PORTERO_TERMS_URL", parsing.service_url, "", "Your terms of service, linked on each page."
    )
    imprint_url: str = setting(
        "PORTERO_IMPRINT_URL", parsing.service_url, "", "Your imprint, linked on each page."
    )
    support: str = setting(
        "PORTERO_SUPPORT",
        looks.support,
        "",
        "Where people find help, linked on each page and in mails: a mail address or a URL.",
    )
    theme_dir: Path | None = setting(
        "PORTERO_THEME_DIR",
        parsing.paths_optional,
        "",
        "Folder with templates/ that override ours and static/ with a theme.css of your own.",
    )
    sign_in_steps: int = setting(
        "PORTERO_SIGN_IN_STEPS",
        parsing.integer(1, 2),
        "1",
        "Whether name and password are asked for on one page (1) or one after the other (2).",
    )
    default_locale: str = setting(
        "PORTERO_DEFAULT_LOCALE",
        parsing.locale,
        "en",
        "Language where neither the account nor the browser names one.",
    )
    geoip_file: Path | None = setting(
        "PORTERO_GEOIP_FILE",
        parsing.paths_optional,
        "",
        "A file of places (MaxMind DB): the pages then say where a session is. Needs the extra "
        "geoip; read at the start.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "PORTERO_LOG_LEVEL", choices.log_level, "info", "debug, info, warning or error."
    )
    log_format: Literal["json", "console"] = setting(
        "PORTERO_LOG_FORMAT", choices.log_format, "json", "json, or console for people."
    )
