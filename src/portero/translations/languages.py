"""Which languages there are, and which one a reader gets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from gettext import c2py
from pathlib import Path
from typing import Final

from portero.translations.translator import Translator

SOURCE: Final = "en"
FOLDER: Final = Path(__file__).parent
# A longer preference list is not a person's (their browser sends a handful).
_MOST_PREFERENCES: Final = 20
# Characters. RFC 5646 §4.4.1 thinks of 35. A tag is looked up as often as it has parts, so that one
# which fills a whole request would be read a quarter of a billion characters long.
_LONGEST_TAG: Final = 64


def available() -> tuple[str, ...]:
    """The BCP 47 tags that `translator_for` can answer with, the source language first."""
    return (SOURCE, *_translated())


def translator_for(locale_preferences: Sequence[str]) -> Translator:
    """The best language for these tags, the dearest first; English when none fits.

    Lookup of RFC 4647 §3.4: each preference is shortened from its end until something matches,
    before the next is looked at. `_` is taken for `-`; `*`, what is no tag and what is
    longer than one match nothing.
    """
    known = {tag.lower(): tag for tag in available()}
    for preference in locale_preferences[:_MOST_PREFERENCES]:
        if len(preference) > _LONGEST_TAG:
            continue
        subtags = preference.strip().replace("_", "-").lower().split("-")
        while subtags:
            tag = known.get("-".join(subtags))
            if tag is not None:
                return _load(tag)
            subtags.pop()
            if subtags and len(subtags[-1]) == 1:  # a singleton introduces what was just cut off
                subtags.pop()
    return _load(SOURCE)


@cache
def _translated() -> tuple[str, ...]:
    return tuple(sorted(path.stem.replace("_", "-") for path in FOLDER.glob("*.po")))


@lru_cache(maxsize=64)
def _load(tag: str) -> Translator:
    if tag == SOURCE:
        return Translator(SOURCE)
    # Imported here: a server whose readers all read English never pays for Babel.
    from babel.messages.pofile import read_po

    path = FOLDER / f"{tag.replace('-', '_')}.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=tag.replace("-", "_"))
    singulars: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in catalog:
        if not message.id or message.fuzzy or not message.string:
            continue
        if isinstance(message.id, str):
            singulars[message.id] = str(message.string)
        elif all(message.string):
            plurals[str(message.id[0])] = tuple(message.string)
    return Translator(tag, singulars, plurals, c2py(str(catalog.plural_expr)))
