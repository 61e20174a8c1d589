"""Every page, each in both schemes: axe finds nothing, nothing runs out of a narrow screen, nothing
is asked of another origin. With PORTERO_SCREENSHOTS it leaves pictures in that folder; where CI is
set, small ones in build/screenshots, to be kept with the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browsing import Place, Places, check_fit, watched
from tests.support.every_page import ROWS, Row, Walk
from tests.support.page_templates import FLEETING, SHOWN, pages, shown_last

WIDTHS = {"desktop": 1280, "phone": 360}
NARROWEST = 320
# Off by default in axe, and part of WCAG 2.2 AA (§2.5.8).
OPTIONS: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
# By night the same page has other colours, and nothing else that axe could look at.
SCHEMES = {"light": OPTIONS, "dark": {"runOnly": ["color-contrast"]}}
PICTURES = os.environ.get("PORTERO_SCREENSHOTS", "")
KEPT = Path(PICTURES or Path(__file__).parents[2] / "build/screenshots")
# Each row is looked at from the right too. Those with most on them are walked in Arabic as well,
# and for pictures all.
FULLEST = {
    *("sign-in-for-application", "sign-up-faults", "consent", "second-factor", "account"),
    *("account-profile", "account-security", "account-sessions", "account-activity"),
}
IN_ARABIC = [row for row in ROWS if PICTURES or row.name in FULLEST]


@dataclass(slots=True)
class Window:
    """One page for all rows, who leave nothing in it: a new one for each costs as much as all that
    is looked at in it."""

    page: Page
    complaints: list[str]
    asked: list[str]

    def clear(self) -> Page:
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.complaints.clear()
        self.asked.clear()
        return self.page


@contextmanager
def opened(chromium: Browser, **look: Any) -> Iterator[Window]:
    context = chromium.new_context(reduced_motion="reduce", **look)
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    yield Window(page, watched(page), asked)
    context.close()


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Window]:
    with opened(chromium, locale="en") as made:
        yield made


@pytest.fixture(scope="module")
def arabic(chromium: Browser) -> Iterator[Window]:
    """As narrow as it gets."""
    with opened(chromium, locale="ar", viewport={"width": NARROWEST, "height": 640}) as made:
        yield made


def test_every_template_of_a_page_has_a_row() -> None:
    """A new page is named with its row in `tests/support/page_templates`; each row shows one."""
    assert pages() - FLEETING == set(SHOWN)
    assert sorted(row.name for row in ROWS) == sorted(sum(SHOWN.values(), ()))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_page_can_be_used_by_everybody(window: Window, places: Places, row: Row) -> None:
    """By night and by day, on a phone and on a desk, with a screen reader, from the right."""
    place, page = row.place(places), window.clear()
    row.go(Walk(place, page))
    assert [name for name in shown_last(place.noted()) if row.name in SHOWN.get(name, ())]
    for scheme, options in SCHEMES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for name, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 800})
            keep_picture(page, f"{row.name}-{name}-{scheme}")
        assert found_by_axe(page, options) == [], scheme
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    check_fit(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    check_fit(page)
    assert window.complaints == []
    assert [url for url in window.asked if not is_ours(url, place)] == []


@pytest.mark.parametrize("row", IN_ARABIC, ids=lambda row: row.name)
def test_pages_read_from_the_right(arabic: Window, places: Places, row: Row) -> None:
    """In Arabic, which says things at other lengths, on the narrowest screen."""
    page = arabic.clear()
    row.go(Walk(row.place(places), page, turn="-from-the-right"))
    check_fit(page)
    if page.evaluate("document.documentElement.lang") == "ar":
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    keep_picture(page, f"{row.name}-arabic")


def keep_picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=KEPT / f"{name}.png", full_page=True)
    elif os.environ.get("CI"):
        page.screenshot(path=KEPT / f"{name}.jpg", type="jpeg", quality=70)


def found_by_axe(page: Page, options: dict[str, Any] = OPTIONS) -> list[str]:
    """What is wrong and where, one line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    look = "options => axe.run(options).then(found => found.violations)"
    return [
        f"{each['id']}: {node['target']}: {node['failureSummary']}"
        for each in page.evaluate(look, {"resultTypes": ["violations"], **options})
        for node in each["nodes"]
    ]


def is_ours(url: str, place: Place) -> bool:
    """Not of another origin, the application's own page aside."""
    ours = {urlsplit(place.url).netloc, urlsplit(place.application.callback).netloc, ""}
    return urlsplit(url).netloc in ours


def test_axe_finds_what_is_wrong(chromium: Browser, place: Place) -> None:
    """Without the policy's leave it still runs; pale text and a nameless field do not escape it."""
    page = chromium.new_page()
    page.goto(f"{place.url}/sign-in")
    page.evaluate(
        "() => { const said = document.querySelector('h1'); said.style.color = '#d0d0d0';"
        " said.style.background = '#ffffff';"
        " document.querySelector('label[for=username]').remove(); }"
    )
    rules = {line.partition(":")[0] for line in found_by_axe(page)}
    assert {"color-contrast", "label"} <= rules
    page.context.close()
