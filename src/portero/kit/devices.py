"""What a User-Agent says about a device, in the words that its owner uses for it.

Anybody can write anything there: it is shown to the owner, and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_LONGEST: Final = 64  # characters of a name that is shown
_BROWSERS: Final = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox iOS": "Firefox",
    "Firefox Mobile": "Firefox",
    "HeadlessChrome": "Chrome",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
}
_SYSTEMS: Final = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
_DISTRIBUTIONS: Final = frozenset({"Debian", "Fedora", "Ubuntu"})
_HAND_HELD: Final = frozenset({"Android", "iOS"})


@dataclass(frozen=True, slots=True)
class Device:
    """`browser` may be any program; each is '' when nothing is known of it."""

    browser: str = ""
    system: str = ""
    is_hand_held: bool = False


@lru_cache(maxsize=1024)
def device_of(user_agent: str) -> Device:
    """The device of a User-Agent. The parser and its patterns are loaded when first needed."""
    if not user_agent:
        return Device()
    from ua_parser import parse

    found = parse(user_agent[:512])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    hand_held = system in _HAND_HELD
    if hand_held and found.device and found.device.family not in {"Generic Smartphone", "K"}:
        system = found.device.family  # "iPhone" and "Pixel 8" say more
    elif system in _DISTRIBUTIONS:
        system = "Linux"
    return Device(
        _BROWSERS.get(browser, browser)[:_LONGEST],
        _SYSTEMS.get(system, system)[:_LONGEST],
        hand_held,
    )
