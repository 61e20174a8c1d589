"""Each second factor set up, used, lost and recovered from: by the keyboard alone, on a desk with
scripts and on a phone without; and a passkey, which needs them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from portero.protocol.otp import base32_key, hotp
from tests.support.browsing import (
    CODE,
    Application,
    Place,
    context_of,
    placed,
    press,
    tab_to,
    type_sign_in,
    watched,
)
from tests.support.listener import Listener, listening
from tests.support.virtual_authenticator import authenticator

everywhere = pytest.mark.parametrize("scripts", [True, False], ids=["desktop", "phone-no-scripts"])


@pytest.fixture(scope="module")
def provider() -> Iterator[Listener]:
    """A provider of text messages."""
    with listening() as heard:
        yield heard


@pytest.fixture(scope="module")
def texting(
    tmp_path_factory: pytest.TempPathFactory, application: Application, provider: Listener
) -> Iterator[Place]:
    settings = {
        "PORTERO_SMS_PROVIDER": "http",
        "PORTERO_SMS_URL": f"{provider.url}/send",
        "PORTERO_SMS_FROM": "Example",
        "PORTERO_SMS_COUNTRIES": "DE",
    }
    folder: Path = tmp_path_factory.mktemp("texting")
    with placed(folder, application, **settings) as made:
        yield made


def keep_recovery_codes(page: Page) -> list[str]:
    """From the page that offers them, after the first factor."""
    page.wait_for_url("**/account/security/recovery-codes")
    press(page, "Make recovery codes")
    page.wait_for_selector("ol.codes")
    return page.locator("ol.codes code").all_inner_texts()


def recover(page: Page, place: Place, name: str, code: str) -> None:
    """What confirmed is lost: the password, then a recovery code; the second time it is spent."""
    for again in (False, True):
        page.context.clear_cookies()
        type_sign_in(page, place, name)
        tab_to(page, "e.value === 'recovery_code'")
        page.keyboard.press("Space")
        page.wait_for_selector("form:has(input[value=recovery_code]) #code:focus")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        if again:
            page.wait_for_selector("#code[aria-invalid=true]")
        else:
            page.wait_for_url("**/account")


@everywhere
def test_an_app(chromium: Browser, place: Place, scripts: bool) -> None:
    """A slip of the finger leads back to the field; a code that was used opens nothing again."""
    name = f"app-{scripts}".lower()
    place.person(name)
    page = context_of(chromium, scripts=scripts).new_page()
    complaints = watched(page)
    type_sign_in(page, place, name)
    page.wait_for_url("**/account")
    page.goto(f"{place.url}/account/security")
    press(page, "Set up an app")
    page.wait_for_selector(".qr")
    key = base32_key(page.inner_text("form code"))
    step = int(time.time()) // 30
    tab_to(page, "e.id === 'code'")
    page.keyboard.type(hotp(key, step))
    page.keyboard.press("Enter")
    kept = keep_recovery_codes(page)

    page.context.clear_cookies()
    type_sign_in(page, place, name)
    page.wait_for_selector("#code:focus")
    page.keyboard.type(hotp(key, step))  # the one that set it up
    page.keyboard.press("Enter")
    page.wait_for_selector("#code[aria-invalid=true]:focus")
    page.keyboard.type(hotp(key, step + 1))
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")

    recover(page, place, name, kept[0])
    assert complaints == []
    page.context.close()


@everywhere
@pytest.mark.parametrize("kind", ["email", "sms"])
def test_a_code_that_is_sent(
    chromium: Browser, texting: Place, provider: Listener, scripts: bool, kind: str
) -> None:
    """By mail, and as a text message through a real provider's server."""
    name = f"{kind}-{scripts}".lower()
    address = texting.person(name)
    texting.confirm_phone(name, "+4915123456712")
    page = context_of(chromium, scripts=scripts).new_page()
    complaints, before = watched(page), len(provider.posted)

    def sent(nth: int) -> str:
        if kind == "email":
            return texting.mailed(page, address, CODE, nth)
        for _ in range(200):
            if len(provider.posted) >= before + nth:
                said = json.loads(provider.posted[before + nth - 1].body)
                assert said["to"] == "+4915123456712"
                return str(said["text"])[-6:]
            page.wait_for_timeout(50)  # the outbox is another thread's
        raise AssertionError("no text message came")

    type_sign_in(page, texting, name)
    page.wait_for_url("**/account")
    page.goto(f"{texting.url}/account/security/codes")
    tab_to(page, f"e.tagName === 'BUTTON' && e.form.elements.kind?.value === '{kind}'")
    page.keyboard.press("Space")
    page.wait_for_selector("#code")
    tab_to(page, "e.id === 'code'")
    page.keyboard.type(sent(1))
    page.keyboard.press("Enter")
    kept = keep_recovery_codes(page)

    page.context.clear_cookies()
    type_sign_in(page, texting, name)
    page.wait_for_selector("#code:focus")
    page.keyboard.type(sent(2))
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")

    recover(page, texting, name, kept[0])
    assert complaints == []
    page.context.close()


def test_a_passkey(chromium: Browser, domain: Place) -> None:
    """A recovery code lets its owner in, who removes the lost one and makes another."""
    domain.person("olaf")
    page = context_of(chromium, scripts=True).new_page()
    page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    with authenticator(page) as device:
        domain.admit(page, "olaf")
        page.goto(f"{domain.url}/account/security/passkeys/add")
        press(page, "Make a passkey")
        kept = keep_recovery_codes(page)
        device.lose()
        recover_passkey(page, domain, kept[0])
        page.goto(f"{domain.url}/account/security/passkeys")
        press(page, "Remove")
        page.wait_for_selector(".empty")
        press(page, "Make a passkey")
        page.wait_for_url("**/passkeys/add")
        press(page, "Make a passkey")
        page.wait_for_url("**/account/security/recovery-codes")
        page.context.clear_cookies()
        type_sign_in(page, domain, "olaf")
        page.wait_for_selector("form[data-passkey=get]")
        press(page, "Use the passkey")
        page.wait_for_url("**/account")
    page.context.close()


def recover_passkey(page: Page, domain: Place, code: str) -> None:
    page.context.clear_cookies()
    type_sign_in(page, domain, "olaf")
    tab_to(page, "e.value === 'recovery_code'")
    page.keyboard.press("Enter")
    page.wait_for_selector("form:has(input[value=recovery_code]) #code:focus")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account*")
