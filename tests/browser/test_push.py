"""Approval on another device in real browsers: set up, used, refused, lost; and what is left
without scripts. The device is one browser, and whoever signs in sits at another."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsing import Place, watched
from tests.support.house import PASSWORD
from tests.support.push_device import PushDevice, push_device
from tests.support.push_service import PushService


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def person(place: Place, name: str) -> str:
    place.server.operate("users", "create", name, "--password-stdin", stdin=PASSWORD)
    return name


def sign_in(page: Page, place: Place, name: str) -> None:
    page.goto(f"{place.url}/sign-in")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def ring(device: PushDevice) -> dict[str, str]:
    """The next message, shown on the device."""
    message = device.message()
    return device.deliver(message, json.dumps(message.content))


def open_message(device: PushDevice) -> Page:
    """The page that the notification leads to, with the question on it."""
    ring(device)
    page = device.page.context.new_page()
    page.goto(device.click())
    page.wait_for_selector("form[data-decide]")
    return page


def set_up(device: PushDevice, place: Place, name: str) -> None:
    """By a person of that name, who is new here, and ends at the recovery codes."""
    page = device.page
    sign_in(page, place, person(place, name))
    page.goto(f"{place.url}/account/security/push")
    page.click("form[data-push-key] button")
    page.wait_for_selector("form[data-push-waits]")
    asked = open_message(device)
    asked.get_by_role("button", name="Set up this device").click()
    asked.wait_for_selector("text=This device is confirmed.")
    asked.close()
    page.wait_for_url("**/account/security/recovery-codes")  # by itself


def shown_number(page: Page) -> str:
    return page.inner_text(".number-shown").strip()


def test_it_is_set_up_and_used(
    phone: Page, desk: Page, place: Place, push_service: PushService
) -> None:
    """The whole way, by the page's own scripts, within its policy: nobody clicks on the waiting
    side, and the notification says nothing of it."""
    complaints = [*watched(phone)]
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "petra")
        sign_in(desk, place, "petra")
        number = shown_number(desk)
        asked = open_message(device)
        assert asked.url == f"{place.url}/push/answer"  # the secret is out of the address
        assert "petra" in asked.inner_text("main")
        assert number not in asked.inner_text("main")
        asked.fill("#number", number)
        asked.get_by_role("button", name="Approve").click()
        asked.wait_for_selector("text=You have approved.")
        desk.wait_for_url("**/account")
        assert "petra" in desk.inner_text("body")
    assert complaints == []
    assert push_service.complaints == []


def test_a_notification_is_neutral_and_the_newest_alone(
    phone: Page, desk: Page, place: Place, push_service: PushService
) -> None:
    """It may lie on a locked screen; a second question takes the place of the first."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "nora")
        sign_in(desk, place, "nora")
        first = ring(device)
        assert (first["title"], first["body"]) == ("Portero", "Something waits for your answer.")
        sign_in(desk, place, "nora")
        ring(device)
        shown = phone.evaluate(
            "async () => (await (await navigator.serviceWorker.getRegistration('/push/'))"
            ".getNotifications()).length"
        )
        assert shown == 1


def test_this_was_not_me(phone: Page, desk: Page, place: Place, push_service: PushService) -> None:
    """The one who has the password is back at the beginning, by itself."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "olga")
        sign_in(desk, place, "olga")
        shown_number(desk)
        asked = open_message(device)
        asked.get_by_role("button", name="This wasn’t me").click()
        asked.wait_for_selector("text=That sign-in is over.")
        desk.wait_for_selector("#password")
        assert "expired or went on elsewhere" in desk.inner_text("main")


def test_a_wrong_number_ends_it_and_another_can_be_sent(
    phone: Page, desk: Page, place: Place, push_service: PushService
) -> None:
    """The waiting page says so and offers the ways anew; nothing is sent before somebody asks."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "rosa")
        sign_in(desk, place, "rosa")
        wrong = "10" if shown_number(desk) != "10" else "11"
        asked = open_message(device)
        asked.fill("#number", wrong)
        asked.get_by_role("button", name="Approve").click()
        asked.wait_for_selector("text=The request is over.")
        desk.wait_for_selector("text=It was not approved")
        assert len(device.browsers[-1].arrived) == 2
        desk.get_by_role("button", name="Approve on another device").click()
        desk.wait_for_selector(".number-shown")
        asked = open_message(device)
        asked.fill("#number", shown_number(desk))
        asked.keyboard.press("Enter")
        desk.wait_for_url("**/account")


def test_a_lost_device_is_removed_and_another_way_used(
    phone: Page, desk: Page, place: Place, push_service: PushService
) -> None:
    """With a recovery code, which was made when the device was set up."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "sara")
        phone.click("main form button[type=submit]")
        code = phone.inner_text(".codes li >> nth=0").strip()
        sign_in(desk, place, "sara")
        with desk.expect_navigation():
            desk.get_by_role("button", name="Recovery code").click()
        desk.fill("#code", code)
        with desk.expect_navigation():
            desk.keyboard.press("Enter")
        desk.goto(f"{place.url}/account/security/push")
        with desk.expect_navigation():
            desk.get_by_role("button", name="Remove").click()
        assert "The device is removed." in desk.inner_text("main")
        desk.context.clear_cookies()
        sign_in(desk, place, "sara")
        desk.wait_for_url("**/account")


def test_one_browser_answers_for_two_accounts(
    phone: Page, place: Place, push_service: PushService
) -> None:
    """Setting it up for a second person does not end what the first one has there: the browser's
    subscription stays the same one."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "xena")
        phone.context.clear_cookies()
        set_up(device, place, "yara")
        assert len(device.browsers) == 1


def test_it_is_named(phone: Page, place: Place, push_service: PushService) -> None:
    """By itself from what the browser says, then by its owner."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "tina")
        phone.goto(f"{place.url}/account/security/push")
        assert phone.input_value("#name-1").startswith("Chrome")
        phone.fill("#name-1", "The old phone")
        with phone.expect_navigation():
            phone.get_by_role("button", name="Save the name").click()
        assert phone.inner_text("section.panel h2 >> nth=0") == "The old phone"


def test_whoever_does_not_allow_notifications_is_told(chromium: Browser, place: Place) -> None:
    """And nothing is sent or set up."""
    context = chromium.new_context(permissions=[])
    page = context.new_page()
    page.add_init_script("Notification.requestPermission = async () => 'denied'")
    sign_in(page, place, person(place, "ute"))
    page.goto(f"{place.url}/account/security/push")
    page.click("form[data-push-key] button")
    page.wait_for_selector("text=Your browser does not let us notify you.")
    context.close()


def test_the_waiting_side_needs_no_script(
    chromium: Browser, phone: Page, place: Place, push_service: PushService
) -> None:
    """A button in place of the script; pressed too early it says so, with the same number."""
    with push_device(phone, push_service, place.url) as device:
        set_up(device, place, "vera")
        context = chromium.new_context(java_script_enabled=False)
        desk = context.new_page()
        sign_in(desk, place, "vera")
        number = shown_number(desk)
        with desk.expect_navigation():
            desk.get_by_role("button", name="I have approved").click()
        assert "It is not approved yet." in desk.inner_text("main")
        assert shown_number(desk) == number
        asked = open_message(device)
        asked.fill("#number", number)
        asked.get_by_role("button", name="Approve").click()
        asked.wait_for_selector("text=You have approved.")
        with desk.expect_navigation():
            desk.get_by_role("button", name="I have approved").click()
        desk.wait_for_url("**/account")
        context.close()


def test_the_page_without_a_message(desk: Page, place: Place) -> None:
    """Opened by hand: it asks for nothing and says so."""
    desk.goto(f"{place.url}/push/answer")
    assert "Nothing waits for you here." in desk.inner_text("main")
