"""Moments as the reader of a page counts them: in their language and their time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from portero.web.host import translator


class Moments:
    """Without a time zone in the profile it is UTC, and says so."""

    def __init__(self, zone: str, *, now: datetime) -> None:
        self._zone = ZoneInfo(zone or "UTC")
        self._now = now

    def at(self, moment: datetime) -> Markup:
        """Date and time."""
        from babel.dates import format_datetime

        shown = format_datetime(moment, "medium", tzinfo=self._zone, locale=_locale())
        return self._element(moment, shown)

    def on(self, moment: datetime) -> Markup:
        """The date alone."""
        from babel.dates import format_date

        local = moment.astimezone(self._zone)
        return self._element(moment, format_date(local, "medium", locale=_locale()))

    def ago(self, moment: datetime) -> Markup:
        """How long ago, with the exact moment for who points at it."""
        from babel.dates import format_timedelta

        return self._element(
            moment, format_timedelta(moment - self._now, add_direction=True, locale=_locale())
        )

    def _element(self, moment: datetime, shown: str) -> Markup:
        from babel.dates import format_datetime

        exact = format_datetime(moment, "full", tzinfo=self._zone, locale=_locale())
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            moment.isoformat(timespec="seconds"), exact, shown
        )


def _locale() -> str:
    return translator().locale.replace("-", "_")
