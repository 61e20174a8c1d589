"""The way through the pages in a real browser: with the keyboard, on a narrow screen, by night."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.support.browsing import Place, Places, check_fit, context_of, type_sign_in, watched
from tests.support.every_page import BY_MAIL
from tests.support.house import PASSWORD


def test_a_person_signs_in_with_the_keyboard_alone(chromium: Browser, place: Place) -> None:
    """Typing, Tab and Enter, to the application and its code; nothing breaks the page's policy."""
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize())
    assert page.title().startswith("Sign in")
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    page.keyboard.type(PASSWORD)  # the name was kept, and the password has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "allow":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.application.callback}*")
    told = place.application.arrivals[-1]
    assert told["state"] == ["s"]
    assert told["iss"] == [place.url]
    assert told["code"]
    assert complaints == []
    page.context.close()


def test_an_answer_posts_itself(chromium: Browser, place: Place) -> None:
    """form_post, through the page's own script, under a policy without unsafe sources."""
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(place.authorize(response_mode="form_post"))
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.click("button[value=allow]")
    page.wait_for_url(place.application.callback)
    assert place.application.arrivals[-1]["code"]
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["desktop", "phone-no-scripts"])
@pytest.mark.parametrize("steps", ["1", "2"])
def test_the_password_comes_with_the_name_or_after_it(
    chromium: Browser, places: Places, scripts: bool, steps: str
) -> None:
    """By the keyboard, each field with the focus when its turn comes."""
    place = places(**BY_MAIL) if steps == "2" else places()
    page = context_of(chromium, scripts=scripts).new_page()
    page.goto(f"{place.url}/sign-in")
    assert page.is_visible("#password") == (steps == "1")
    type_sign_in(page, place, "ana")
    page.wait_for_url("**/account")
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_pages_fit_a_narrow_screen(
    chromium: Browser, place: Place, scheme: str, locale: str
) -> None:
    """320 pixels, long words, both ways of writing: nothing runs out of the page, each field has
    a label, and what can be pressed is large enough to be hit."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    page = context.new_page()
    page.goto(place.authorize())
    seen = [page.title()]
    check_fit(page)
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    seen.append(page.title())
    check_fit(page)
    page.goto(f"{place.url}/account")
    seen.append(page.title())
    check_fit(page)
    assert len(set(seen)) == 3
    assert page.evaluate("document.documentElement.dir") == ("rtl" if locale == "ar" else "ltr")
    context.close()


def test_an_amount_reads_alike_in_both_ways_of_writing(chromium: Browser, place: Place) -> None:
    """What others wrote stands for itself: between Arabic words "127.0.0.1:80" is no "80:127.0.0.1"
    and no sentence of ours turns around a name."""
    context = chromium.new_context(locale="ar")
    page = context.new_page()
    page.goto(place.authorize())
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    isolated = page.locator("bdi").all_inner_texts()
    assert {"Notes", "ana", f"127.0.0.1:{place.application.port}"} <= set(isolated)
    context.close()
