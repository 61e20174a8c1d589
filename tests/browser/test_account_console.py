"""The account console in a real browser: by keyboard alone, and without scripts on a phone."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Page

from tests.support.browsing import Place, check_fit, tab_to, watched
from tests.support.every_page import Walk
from tests.support.house import OTHER_PASSWORD, PASSWORD


def sign_in(page: Page, place: Place, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{place.url}/sign-in")
    page.fill("#username", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")


def test_everything_can_be_done_with_the_keyboard(chromium: Browser, place: Place) -> None:
    """Past the menu by the first link, into a form, and a session of another browser ended."""
    place.person("kim")
    elsewhere = chromium.new_context()
    sign_in(elsewhere.new_page(), place, "kim")
    context = chromium.new_context()
    page = context.new_page()
    complaints = watched(page)
    sign_in(page, place, "kim")
    page.goto(f"{place.url}/account/profile")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "display_name"
    page.keyboard.type("Kim Ito")
    page.keyboard.press("Enter")
    page.wait_for_selector(".alert.good")
    assert page.input_value("#display_name") == "Kim Ito"
    tab_to(page, "e.textContent.trim() === 'Sessions'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/sessions")
    tab_to(
        page, "e.closest('main') && e.tagName === 'BUTTON' && e.textContent.trim() === 'Sign out'"
    )
    page.keyboard.press("Enter")
    page.wait_for_selector(".alert.good")
    gone = elsewhere.pages[0]
    gone.goto(f"{place.url}/account")
    assert "/sign-in" in gone.url
    assert complaints == []
    context.close()
    elsewhere.close()


def test_everything_works_on_a_phone_without_scripts(chromium: Browser, place: Place) -> None:
    """Another mailbox, another password, the file of everything, and the end of it all."""
    place.person("noa")
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 320, "height": 640}, color_scheme="dark"
    )
    page = context.new_page()
    walk = Walk(place, page)
    sign_in(page, place, "noa")
    page.goto(f"{place.url}/account/profile/email")
    walk.fill(email="noa@example.net")
    walk.send()
    walk.mailed("/allow-new-email", "noa@example.org")
    walk.send()
    walk.mailed("/verify-email", "noa@example.net")
    walk.send()
    page.goto(f"{place.url}/account/profile")
    assert "noa@example.net" in page.content()
    page.goto(f"{place.url}/account/security/password")
    walk.fill(current_password=PASSWORD, new_password=OTHER_PASSWORD)
    walk.send()
    assert page.url == f"{place.url}/account/security"
    assert page.locator(".alert.good").count() == 1
    page.goto(f"{place.url}/account/data")
    with page.expect_download() as coming:
        page.click("main form button")
    told = json.loads(coming.value.path().read_text())
    assert told["account"][0]["email"] == "noa@example.net"
    page.goto(f"{place.url}/account/data/delete")
    walk.fill(confirm="noa")
    walk.send()
    assert "14 days" in page.content()
    page.goto(f"{place.url}/account")
    assert "/sign-in" in page.url
    context.close()


def test_the_present_page_is_in_sight_in_the_menu_of_a_phone(
    chromium: Browser, place: Place
) -> None:
    """The menu is a row that scrolls there."""
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    sign_in(page, place, "ana")
    for path in ("/account", "/account/security", "/account/data", "/account/data/delete"):
        page.goto(place.url + path)
        box = page.locator(".tabs [aria-current]").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 321
        check_fit(page)
    context.close()
