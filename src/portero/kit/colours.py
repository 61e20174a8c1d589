"""Colours, and whether one can be read upon another (WCAG 2.2 §1.4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# The grounds of `static/portero.css`, the sheet and the paper around it.
LIGHT_GROUNDS: Final = ("#ffffff", "#f6f5f2")
DARK_GROUNDS: Final = ("#1c1f25", "#131519")
READABLE: Final = 4.5  # contrast of text that is not large, WCAG 2.2 §1.4.3
_WHITE, _BLACK = "#ffffff", "#000000"
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Accent:
    """The one colour of buttons and links, in the light scheme and in the dark."""

    light: str
    dark: str

    @property
    def on_light(self) -> str:
        """What can be read upon it, in the light scheme."""
        return _upon(self.light)

    @property
    def on_dark(self) -> str:
        return _upon(self.dark)


# The tokens of `static/portero.css` that a brand changes.
OUR_ACCENT: Final = Accent("#1f5c4d", "#7cc9b3")


def is_colour(text: str) -> bool:
    """Whether it is written as `#rrggbb`."""
    return _COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def least_contrast(colour: str, grounds: tuple[str, ...]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def lightened(colour: str, grounds: tuple[str, ...] = DARK_GROUNDS) -> str:
    """The same colour with as little white in it as makes it readable on dark grounds."""
    mixes = (_mixed(colour, _WHITE, step / _STEPS) for step in range(_STEPS + 1))
    return next(mix for mix in mixes if least_contrast(mix, grounds) >= READABLE)


def _upon(colour: str) -> str:
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, colour))


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2 §Definitions."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
