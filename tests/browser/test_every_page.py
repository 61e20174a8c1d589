"""Every page, each in both schemes: axe finds nothing, nothing runs out of a narrow screen, nothing
is asked of another origin. With PORTERO_SCREENSHOTS it leaves pictures in that folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.support.browsing import Application, Place, check_fit, placed, watched
from tests.support.every_page import ROWS, Row, Walk

WIDTHS = {"desktop": 1280, "phone": 360}
NARROWEST = 320
# Off by default in axe, and part of WCAG 2.2 AA (§2.5.8).
OPTIONS: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
# By night the same page has other colours, and nothing else that axe could look at.
SCHEMES = {"light": OPTIONS, "dark": {"runOnly": ["color-contrast"]}}
PICTURES = os.environ.get("PORTERO_SCREENSHOTS", "")
# Each row is looked at from the right too. Those with most on them are walked in Arabic as well,
# and for pictures all.
FULLEST = {
    *("sign-in-for-application", "sign-up-faults", "consent", "second-factor", "account"),
    *("account-profile", "account-security", "account-sessions", "account-activity"),
}
IN_ARABIC = [row for row in ROWS if PICTURES or row.name in FULLEST]


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, application: Application
) -> Iterator[Callable[[Row], Place]]:
    """Servers as rows want them. Strangers may register applications, so that the page about those
    is there too."""
    places: dict[object, Place] = {}
    with ExitStack() as running:

        def of(row: Row) -> Place:
            wanted = (row.host, row.settings)
            if wanted not in places:
                settings = {"PORTERO_CLIENT_REGISTRATION": "open", **dict(row.settings)}
                folder = tmp_path_factory.mktemp("place")
                made = placed(folder, application, row.host, **settings)
                places[wanted] = running.enter_context(made)
            return places[wanted]

        yield of


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_page_can_be_used_by_everybody(
    chromium: Browser, house: Callable[[Row], Place], row: Row
) -> None:
    """By night and by day, on a phone and on a desk, with a screen reader, from the right."""
    place = house(row)
    context = chromium.new_context(locale="en", reduced_motion="reduce")
    page = context.new_page()
    complaints, elsewhere = watched(page), asked_elsewhere(page, place)
    row.go(Walk(place, page))
    for scheme, options in SCHEMES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for name, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 800})
            if PICTURES:
                page.screenshot(
                    path=Path(PICTURES) / f"{row.name}-{name}-{scheme}.png", full_page=True
                )
        assert found_by_axe(page, options) == [], scheme
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    check_fit(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    check_fit(page)
    assert complaints == []
    assert elsewhere == []
    context.close()


@pytest.mark.parametrize("row", IN_ARABIC, ids=lambda row: row.name)
def test_pages_read_from_the_right(
    chromium: Browser, house: Callable[[Row], Place], row: Row
) -> None:
    """In Arabic, which says things at other lengths, on the narrowest screen."""
    place = house(row)
    context = chromium.new_context(
        locale="ar", reduced_motion="reduce", viewport={"width": NARROWEST, "height": 640}
    )
    page = context.new_page()
    row.go(Walk(place, page, turn="-from-the-right"))
    check_fit(page)
    if page.evaluate("document.documentElement.lang") == "ar":
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{row.name}-arabic.png", full_page=True)
    context.close()


def found_by_axe(page: Page, options: dict[str, Any] = OPTIONS) -> list[str]:
    """What is wrong and where, one line for each element."""
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['target']}: {node['failureSummary']}"
        for each in violations
        for node in each["nodes"]
    ]


def asked_elsewhere(page: Page, place: Place) -> list[str]:
    """What the browser asks of another origin than ours, the application's own page aside."""
    asked: list[str] = []
    ours = {urlsplit(place.url).netloc, urlsplit(place.application.callback).netloc}
    page.on(
        "request",
        lambda request: (
            asked.append(request.url)
            if urlsplit(request.url).scheme != "data" and urlsplit(request.url).netloc not in ours
            else None
        ),
    )
    return asked


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
