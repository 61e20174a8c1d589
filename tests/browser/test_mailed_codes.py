"""Codes and links by mail in a real browser: set up and used as a second factor, and signing in by
mail, here and elsewhere, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsing import CODE, Place, Places, check_fit, context_of, watched
from tests.support.every_page import BY_MAIL, STRICT
from tests.support.house import PASSWORD

LINK = re.compile(r"http\S+/sign-in/mail/link\?token=\w+")


@pytest.fixture
def mailing(places: Places) -> Place:
    """Where everybody signs in by mail if they like."""
    return places(**BY_MAIL)


@pytest.fixture
def strict(places: Places) -> Place:
    """Where everybody needs a second factor."""
    return places(**STRICT)


def sign_in(page: Page, place: Place, name: str) -> None:
    page.goto(f"{place.url}/sign-in")
    page.fill("#username", name)
    if not page.is_visible("#password"):  # where the name comes first
        page.click("main form button[type=submit]")
    page.fill("#password", PASSWORD)
    page.click("main form button[type=submit]")


def ask(page: Page, place: Place, address: str) -> None:
    page.goto(f"{place.url}/sign-in")
    page.get_by_role("link", name="Sign in by mail").click()
    page.fill("#username", address)
    page.get_by_role("button", name="Send the mail").click()
    page.wait_for_selector("#code")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_mailbox_is_set_up_and_used(chromium: Browser, strict: Place, scripts: bool) -> None:
    """Chosen at a sign-in that owes a factor; asked for at the next one, in another browser."""
    name = "bea" if scripts else "cem"
    address = strict.person(name)
    page = context_of(chromium, scripts=scripts, width=320).new_page()
    complaints = watched(page)
    sign_in(page, strict, name)
    page.click("button[name=begin][value=email]")
    page.wait_for_selector("#code")
    assert f"{name[0]}…@example.org" in page.inner_text("main")
    page.fill("#code", strict.mailed(page, address, CODE))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Not now").click()  # of the recovery codes
    page.wait_for_url("**/account*")
    page.context.close()

    page = context_of(chromium, scripts=scripts, width=320).new_page()
    complaints += watched(page)
    sign_in(page, strict, name)
    page.wait_for_selector("#code")
    if scripts:
        check_fit(page)
        assert page.evaluate("document.activeElement.id") == "code"
    assert page.get_attribute("#code", "autocomplete") == "one-time-code"
    page.fill("#code", strict.mailed(page, address, CODE, nth=2))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/account*")
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_link_signs_in_where_it_was_asked_for(
    chromium: Browser, mailing: Place, scripts: bool
) -> None:
    """And nowhere else: there it says where to go."""
    name = "dora" if scripts else "emil"
    address = mailing.person(name)
    page = context_of(chromium, scripts=scripts, width=320).new_page()
    complaints = watched(page)
    ask(page, mailing, address)
    link = mailing.mailed(page, address, LINK)

    elsewhere = context_of(chromium, scripts=scripts, width=320).new_page()
    elsewhere.goto(link)
    assert "works where you asked for it" in elsewhere.inner_text("h1")
    assert elsewhere.locator("main form").count() == 0
    elsewhere.goto(f"{mailing.url}/account")
    assert "/sign-in" in elsewhere.url
    elsewhere.context.close()

    page.goto(link)
    assert name in page.inner_text("main")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account*")
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_another_device_the_code_is_typed_where_it_was_asked_for(
    chromium: Browser, mailing: Place, scripts: bool
) -> None:
    """The mail is read on a phone; a slip of the finger first; then on to the application."""
    address = mailing.person("fritz" if scripts else "frieda")
    page = context_of(chromium, scripts=scripts, width=320).new_page()
    complaints = watched(page)
    page.goto(mailing.authorize())
    page.get_by_role("link", name="Sign in by mail").click()
    page.fill("#username", address)
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    check_fit(page)
    code = mailing.mailed(page, address, CODE)
    page.fill("#code", f"{(int(code) + 1) % 1_000_000:06}")
    page.keyboard.press("Enter")
    page.wait_for_selector("#code-fault")
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    assert "Notes" in page.inner_text("body")
    assert complaints == []
    page.context.close()


def test_a_phone_is_confirmed_set_up_and_used(chromium: Browser, mailing: Place) -> None:
    """From the profile to the second step of the next sign-in, by text messages."""
    mailing.person("greta")
    page = context_of(chromium, scripts=True, width=320).new_page()
    complaints = watched(page)
    sign_in(page, mailing, "greta")
    page.goto(f"{mailing.url}/account/profile/phone")
    page.fill("#phone", "+49 1512 3456712")
    page.click("main form button[type=submit]")
    page.fill("#code", mailing.texted(page, nth=1))
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/account/profile")
    page.goto(f"{mailing.url}/account/security/codes")
    page.click("form:has(input[value=sms]) button[type=submit]")
    page.wait_for_selector("#code")
    assert "+49 … 12" in page.inner_text("main")
    page.fill("#code", mailing.texted(page, nth=2))
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/account/security/recovery-codes")
    page.context.clear_cookies()

    sign_in(page, mailing, "greta")
    page.wait_for_selector("#code")
    check_fit(page)
    page.fill("#code", mailing.texted(page, nth=3))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/account*")
    assert complaints == []
    page.context.close()
