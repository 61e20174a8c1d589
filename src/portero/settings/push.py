"""Settings of approval on another device: two parsers."""

from __future__ import annotations

import re
from typing import Final

from portero.settings.parsing import Unparsable, items

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# Two labels at least below the star: `*.com` would be everybody.
_SERVICE: Final = re.compile(rf"(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})+")
_CONTACT: Final = re.compile(r"mailto:[^\s@]+@[^\s@]+|https://[^\s/]+\S*")


def hosts(given: str) -> tuple[str, ...]:
    """Names of hosts, in lower case; `off` is none."""
    found = () if given == "off" else tuple(item.lower() for item in items(given))
    if not all(_SERVICE.fullmatch(item) for item in found):
        raise Unparsable("a list of hosts such as fcm.googleapis.com,*.push.apple.com, or off")
    return found


def contact(given: str) -> str:
    """RFC 8292 §2.1."""
    if not _CONTACT.fullmatch(given) or not given.isascii():
        raise Unparsable("a mailto: or https: address")
    return given
