"""One language's sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, TypeAlias

# Unit, its seconds, and from how many of it on it is used.
_Unit: TypeAlias = Literal["day", "hour", "minute", "second"]
_UNITS: Final[tuple[tuple[_Unit, int, int], ...]] = (
    ("day", 86_400, 3),
    ("hour", 3_600, 1),
    ("minute", 60, 1),
)
_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})


def _english_plural(count: int) -> int:
    return int(count != 1)


# Without eq: there is one per language, and it may key a cache.
@dataclass(frozen=True, slots=True, eq=False)
class Translator:
    """`locale` is a BCP 47 tag, fit for `lang=`. A sentence without a translation stays English:
    a half-translated page serves its reader better than an error."""

    locale: str
    singulars: Mapping[str, str] = field(default_factory=dict, repr=False)
    plurals: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    form_of: Callable[[int], int] = field(default=_english_plural, repr=False)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, fit for `dir=`."""
        return "rtl" if self.locale.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def text(self, message: str, /, **values: object) -> str:
        """The sentence, its placeholders filled; raises `KeyError` when a value is missing."""
        return self.gettext(message) % values

    def plural(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The sentence for that number, which it may show as `%(count)s`."""
        return self.ngettext(one, many, count) % {"count": count, **values}

    def gettext(self, message: str) -> str:
        """The sentence with its placeholders: what Jinja's i18n extension wants (newstyle)."""
        return self.singulars.get(message, message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The same with a plural; Jinja fills in `%(num)s`."""
        forms = self.plurals.get(one)
        if forms is None:
            return one if count == 1 else many
        return forms[min(self.form_of(count), len(forms) - 1)]

    def span(self, length: timedelta) -> str:
        """A length of time in words: "30 minutes", "24 hours", "7 days"; never longer than it is.

        Up to two days in hours: "24 hours" is read as said, "1 day" as "until tomorrow".
        """
        total = int(length.total_seconds())
        for unit, seconds, least in _UNITS:
            count, rest = divmod(total, seconds)
            if count >= least and (rest == 0 or unit == "minute"):
                return self._counted(unit, timedelta(seconds=count * seconds))
        return self._counted("second", timedelta(seconds=total))

    def _counted(self, unit: _Unit, length: timedelta) -> str:
        from babel.dates import format_timedelta  # costly to import, and seldom needed

        # Not babel.units.format_unit: 2.18 lacks many plurals ("7 duration-day" in Portuguese).
        # A threshold that no unit reaches leaves the choice of unit to us.
        return format_timedelta(length, unit, threshold=1e9, locale=self._babel_locale)

    @property
    def _babel_locale(self) -> str:
        return self.locale.replace("-", "_")
