"""The puzzle in a real browser: solved while somebody types, waited for, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsing import Application, Place, check_fit, placed, watched
from tests.support.house import PASSWORD


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, application: Application) -> Iterator[Place]:
    """Where whoever may be a robot has to work."""
    folder = tmp_path_factory.mktemp("guarded")
    with placed(folder, application, PORTERO_CHALLENGE="altcha") as made:
        yield made


def person(place: Place, name: str) -> None:
    place.server.operate("users", "create", name, "--password-stdin", stdin=PASSWORD)


def slip(page: Page, place: Place, name: str) -> None:
    """As many wrong passwords as it takes until the page has a puzzle."""
    page.goto(f"{place.url}/sign-in")
    for _ in range(4):
        page.fill("#username", name)
        page.fill("#password", "not the right one")
        with page.expect_navigation():
            page.press("#password", "Enter")


def test_the_device_solves_while_somebody_types(chromium: Browser, guarded: Place) -> None:
    person(guarded, "flo")
    page = chromium.new_page(locale="en", viewport={"width": 320, "height": 640})
    complaints = watched(page)
    slip(page, guarded, "flo")
    page.wait_for_selector("[data-state=solved]")
    check_fit(page)
    assert page.inner_text(".puzzle p") == "Your device has shown that you are not a robot."
    assert page.evaluate("document.querySelector('progress').value") == 1
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/account*")
    assert complaints == []
    page.context.close()


def test_who_is_quicker_than_the_puzzle_waits_and_is_sent_on(
    chromium: Browser, guarded: Place
) -> None:
    person(guarded, "bea")
    page = chromium.new_page(locale="en")
    complaints = watched(page)
    slip(page, guarded, "bea")
    page.evaluate(
        "password => { const field = document.querySelector('#password');"
        " field.value = password; field.form.requestSubmit(); }",
        PASSWORD,
    )
    page.wait_for_url("**/account*")
    assert complaints == []
    page.context.close()


def test_a_browser_that_can_not_compute_waits_as_one_without_scripts_does(
    chromium: Browser, guarded: Place
) -> None:
    person(guarded, "cem")
    context = chromium.new_context(locale="en")
    context.route("**/solve.js*", lambda route: route.abort())
    page = context.new_page()
    slip(page, guarded, "cem")
    page.wait_for_selector("[data-state=failed]")
    assert "Wait 15 seconds" in page.inner_text(".puzzle p")
    assert page.input_value("input[name=challenge]").startswith("wait.")
    context.close()


def test_without_scripts_the_page_says_how_long(chromium: Browser, guarded: Place) -> None:
    person(guarded, "dora")
    context = chromium.new_context(locale="en", java_script_enabled=False)
    page = context.new_page()
    slip(page, guarded, "dora")
    assert "Wait 15 seconds" in page.inner_text("main")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("[role=alert]")
    assert "That was too quick" in page.inner_text("[role=alert]")
    context.close()
