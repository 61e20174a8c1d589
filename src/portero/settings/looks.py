"""Parsers of settings about the look: a colour, or two, and where help is."""

from __future__ import annotations

from portero.kit.colours import is_colour
from portero.settings import parsing


def accent(given: str) -> tuple[str, ...]:
    """A colour, or one for the light and one for the dark scheme."""
    found = tuple(part.lower() for part in parsing.items(given))
    if len(found) > 2 or not all(is_colour(part) for part in found):
        raise parsing.Unparsable(
            "a colour such as #1f5c4d, or two (light, dark) with a comma between them"
        )
    return found


def support(given: str) -> str:
    """As a link has it: a mail address or a URL."""
    if not given or given.startswith(("https:", "http:")):
        return parsing.service_url(given)
    if "<" in given:
        raise parsing.Unparsable("a mail address without a name, or a URL")
    return f"mailto:{parsing.mailbox(given)}"
