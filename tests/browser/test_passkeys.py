"""Passkeys in a real browser with an authenticator of its own: made, used in each way, lost and
removed; and what is left without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsing import Place, check_fit, watched
from tests.support.house import PASSWORD
from tests.support.virtual_authenticator import authenticator

# The field's own offer would sign in before the button is pressed: nobody has to choose here.
WITHOUT_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def sign_in(page: Page, domain: Place, name: str) -> None:
    page.goto(f"{domain.url}/sign-in")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_it_is_offered_after_the_password(page: Page, domain: Place) -> None:
    """Taken with one touch, on the way to where the person wanted to go."""
    domain.person("abby")
    with authenticator(page) as device:
        sign_in(page, domain, "abby")
        assert page.title().startswith("Sign in faster next time")
        page.click("form[data-passkey=create] button")
        page.wait_for_url("**/account")
        assert len(device.passkeys()) == 1


def enrol(page: Page, domain: Place, name: str) -> None:
    """By a person of that name, who is new here."""
    domain.person(name)
    sign_in(page, domain, name)
    page.goto(f"{domain.url}/account/security/passkeys/add")
    page.click("form[data-passkey=create] button")
    page.wait_for_url("**/account/security/recovery-codes")


def forget(page: Page) -> None:
    """Another day: nobody is signed in."""
    page.context.clear_cookies()


def test_one_is_made_and_signs_in_by_the_button(page: Page, domain: Place) -> None:
    """Without a name and without a password; nothing breaks the page's policy."""
    complaints = watched(page)
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page) as device:
        enrol(page, domain, "bea")
        (kept,) = device.passkeys()
        assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
        forget(page)
        page.goto(f"{domain.url}/sign-in")
        page.click("form[data-passkey=get] button")
        page.wait_for_url("**/account")
        assert "bea" in page.inner_text("body")
    assert complaints == []


def test_the_field_for_the_name_offers_it(page: Page, domain: Place) -> None:
    """Conditional UI: whoever chooses it there is signed in without a further click."""
    with authenticator(page):
        enrol(page, domain, "cleo")
        forget(page)
        page.goto(f"{domain.url}/sign-in")
        page.wait_for_url("**/account")
        assert "cleo" in page.inner_text("body")


def test_it_is_the_second_step_too(page: Page, domain: Place) -> None:
    """After the password."""
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page):
        enrol(page, domain, "dora")
        forget(page)
        sign_in(page, domain, "dora")
        assert page.title().startswith("Confirm that it is you")
        page.click("form[data-passkey=get] button")
        page.wait_for_url("**/account")


def test_another_finger_is_told_so(page: Page, domain: Place) -> None:
    """The page says that it did not work, and the password is still there."""
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page) as device:
        enrol(page, domain, "edda")
        forget(page)
        device.be_somebody_else()
        page.goto(f"{domain.url}/sign-in")
        page.click("form[data-passkey=get] button")
        page.wait_for_selector("[data-failed]:visible")
        assert page.is_visible("#password")


def test_a_lost_one_leaves_the_second_step_closed(page: Page, domain: Place) -> None:
    """The password alone does not do; the page says that it did not work."""
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page) as device:
        enrol(page, domain, "fay")
        forget(page)
        device.lose()
        sign_in(page, domain, "fay")
        page.click("form[data-passkey=get] button")
        page.wait_for_selector("[data-failed]:visible")
        page.goto(f"{domain.url}/account")
        assert page.title().startswith("Sign in")


def test_a_removed_one_is_not_asked_for(page: Page, domain: Place) -> None:
    """It is removed with a proof by itself, then the password is enough, and the browser's copy
    signs nobody in; the browser is told to forget it."""
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page) as device:
        enrol(page, domain, "gwen")
        page.goto(f"{domain.url}/account/security/passkeys")
        with page.expect_navigation():
            page.click("form[action$='/passkeys/remove'] button")
        assert "No passkey yet" in page.inner_text("main")
        forget(page)
        page.goto(f"{domain.url}/sign-in")
        if device.passkeys():
            with page.expect_navigation():
                page.click("form[data-passkey=get] button")
            assert "not known here any more" in page.inner_text("main")
        sign_in(page, domain, "gwen")
        page.click("button[name=not_now]")
        page.wait_for_url("**/account")


def test_without_scripts_the_other_ways_are_left(chromium: Browser, domain: Place) -> None:
    """No button that does nothing; the password signs in."""
    domain.person("hal")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{domain.url}/sign-in")
    assert not page.is_visible("form[data-passkey]")
    sign_in(page, domain, "hal")
    page.goto(f"{domain.url}/account/security/passkeys/add")
    assert not page.is_visible("form[data-passkey]")
    assert "Passkeys need JavaScript" in page.inner_text("main")
    context.close()


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_the_pages_fit_a_narrow_screen(chromium: Browser, domain: Place, locale: str) -> None:
    """320 pixels, both ways of writing."""
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale=locale)
    page = context.new_page()
    page.add_init_script(WITHOUT_AUTOFILL)
    with authenticator(page):
        page.goto(f"{domain.url}/sign-in")
        check_fit(page)
        enrol(page, domain, f"person-{locale}")
        check_fit(page)
        page.goto(f"{domain.url}/account/security/passkeys")
        check_fit(page)
        page.click("main a[href*=rename]")
        check_fit(page)
        forget(page)
        sign_in(page, domain, f"person-{locale}")
        assert page.is_visible("form[data-passkey=get]")
        check_fit(page)
    context.close()
