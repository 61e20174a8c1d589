"""Whether a colour can be read upon another, and which grounds there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portero.kit import colours
from portero.kit.colours import Accent

SHEET = Path(__file__).parents[3] / "src/portero/web/static/portero.css"


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48)],
)
def test_contrast_is_the_one_of_wcag(one: str, other: str, wanted: float) -> None:
    """The figures that the standard's own examples have, whichever colour comes first."""
    assert colours.contrast(one, other) == pytest.approx(wanted, abs=0.01)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@pytest.mark.parametrize("colour", ["#000000", "#1f5c4d", "#0b3d91", "#7a0019", "#ffffff"])
def test_a_lightened_colour_can_be_read_on_dark(colour: str) -> None:
    """However dark it was; and one that can be read already stays as it is."""
    lighter = colours.lightened(colour)
    assert colours.least_contrast(lighter, colours.DARK_GROUNDS) >= colours.READABLE
    assert colours.lightened(lighter) == lighter


@pytest.mark.parametrize("level", range(0, 256, 5))
def test_upon_every_accent_something_can_be_read(level: int) -> None:
    """Of black and white, one has always contrast enough."""
    accent = Accent(f"#{level:02x}{level:02x}{level:02x}", f"#{level:02x}8080")
    assert colours.contrast(accent.light, accent.on_light) >= colours.READABLE
    assert colours.contrast(accent.dark, accent.on_dark) >= colours.READABLE


def test_the_grounds_are_those_of_the_stylesheet() -> None:
    """What a brand's colour is checked against is what pages are painted with."""
    css = SHEET.read_text()
    painted = {
        name: re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", css)
        for name in ("sheet", "paper")
    }
    found = [match.groups() for match in painted.values() if match]
    assert tuple(light for light, _ in found) == colours.LIGHT_GROUNDS
    assert tuple(dark for _, dark in found) == colours.DARK_GROUNDS


def test_our_own_accent_can_be_read() -> None:
    """The tokens that no brand has changed, in both schemes."""
    css = SHEET.read_text()
    tokens = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", css))
    assert tokens["accent"] == f"{colours.OUR_ACCENT.light}, {colours.OUR_ACCENT.dark}"
    for name in ("accent", "ink", "soft", "good", "warn", "fault"):
        light, dark = tokens[name].split(", ")
        assert colours.least_contrast(light, colours.LIGHT_GROUNDS) >= colours.READABLE, name
        assert colours.least_contrast(dark, colours.DARK_GROUNDS) >= colours.READABLE, name
    for fill, text in (("accent", "on-accent"), ("fault", "on-fault")):
        pairs = zip(tokens[fill].split(", "), tokens[text].split(", "), strict=True)
        assert all(colours.contrast(a, b) >= colours.READABLE for a, b in pairs), fill


def test_the_edge_of_a_field_can_be_seen() -> None:
    """3:1 for what shows where a field is (WCAG 2.2 §1.4.11)."""
    css = SHEET.read_text()
    match = re.search(r"--edge: light-dark\((#\w+), (#\w+)\)", css)
    assert match
    light, dark = match.groups()
    assert colours.least_contrast(light, colours.LIGHT_GROUNDS) >= 3
    assert colours.least_contrast(dark, colours.DARK_GROUNDS) >= 3
