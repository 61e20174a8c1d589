"""The page where people answer applications that asked elsewhere, in a real browser."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx2
import pytest
from playwright.sync_api import Browser

from tests.support.browsing import Place, check_fit, watched
from tests.support.house import PASSWORD


@dataclass(frozen=True, slots=True)
class Bank:
    """An application that asks for somebody who is elsewhere: for another person in each test, so
    that no test spends what another one may ask of them."""

    url: str
    client_id: str
    secret: str
    person: str

    def ask(self, message: str) -> None:
        form = {"scope": "openid profile email offline_access", "login_hint": self.person}
        if message:
            form["binding_message"] = message
        answer = httpx2.post(
            f"{self.url}/oauth/ciba", data=form, auth=(self.client_id, self.secret)
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def bank(place: Place) -> Bank:
    metadata = {
        "client_name": "Rheinhessische Volksbank",
        "grant_types": ["urn:openid:params:grant-type:ciba", "refresh_token"],
        "response_types": [],
    }
    told, name = place.client(**metadata), f"person-{uuid.uuid4().hex[:8]}"
    place.person(name)
    return Bank(place.url, told["client_id"], told["client_secret"], name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_what_waits_fits_a_narrow_screen_and_is_answered_with_the_keyboard(
    chromium: Browser, place: Place, bank: Bank, scheme: str, locale: str
) -> None:
    """Two requests with long words: from the link in the mail to an answer and back; nothing
    breaks the page's policy."""
    context = chromium.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
    )
    page = context.new_page()
    complaints = watched(page)
    bank.ask("Donaudampfschifffahrtsgesellschaftskapitaensmuetze 30 EUR")
    bank.ask("")
    page.goto(f"{place.url}/requests")
    page.fill("#username", bank.person)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests")
    assert page.locator("section.request").count() == 2
    check_fit(page)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "deny":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".mark")
    page.goto(f"{place.url}/requests")
    assert page.locator("section.request").count() == 1
    page.click("button[value=allow]")
    page.wait_for_selector(".mark")
    page.goto(f"{place.url}/requests")
    assert page.locator("section.request").count() == 0
    check_fit(page)
    assert complaints == []
    context.close()
