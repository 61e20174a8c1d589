"""Looks and logs."""

# a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portero.settings import parsing
from portero.settings.rows import setting
from portero.settings.table.mail import MailSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LooksSettings(MailSettings):
    product_name: str = setting(
        "PORTERO_PRODUCT_NAME", parsing.text, "Portero", "Name on pages and in mails."
    )
    default_locale: str = setting(
        "PORTERO_DEFAULT_LOCALE",
        parsing.locale,
        "en",
        "Language where neither the account nor the browser names one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "PORTERO_LOG_LEVEL", parsing.log_level, "info", "debug, info, warning or error."
    )
    log_format: Literal["json", "console"] = setting(
        "PORTERO_LOG_FORMAT", parsing.log_format, "json", "json, or console for people."
    )
