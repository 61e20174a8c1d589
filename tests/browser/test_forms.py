"""What forms do by themselves: passwords that can be shown, caps lock, the focus, double clicks;
and all of it without scripts."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.support.browsing import Place, context_of, watched
from tests.support.every_page import Walk
from tests.support.house import OTHER_PASSWORD, PASSWORD

CAPS = """([kind, on]) => document.querySelector('#password').dispatchEvent(
    new KeyboardEvent(kind, { key: 'A', modifierCapsLock: on, bubbles: true }))"""


def test_a_password_can_be_shown(chromium: Browser, place: Place) -> None:
    """By a button that says what it does and whether it did; and it is hidden again when it goes
    out, so that no browser keeps it as plain text."""
    page = chromium.new_page()
    complaints = watched(page)
    page.goto(f"{place.url}/sign-in")
    page.fill("#username", "ana")
    page.fill("#password", "in plain sight")
    button = page.get_by_role("button", name="Show the password")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert page.get_attribute("#password", "type") == "text"
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.id") == "password"
    page.evaluate(
        "document.querySelector('main form').addEventListener('submit', (event) => {"
        " event.preventDefault();"
        " document.title = document.querySelector('#password').type; })"
    )
    page.keyboard.press("Enter")
    assert page.title() == "password"
    assert complaints == []
    page.context.close()


def test_caps_lock_is_told_while_a_password_is_typed(chromium: Browser, place: Place) -> None:
    """And no longer when it is off, or when somebody goes on."""
    page = chromium.new_page()
    page.goto(f"{place.url}/sign-in")
    hint = page.get_by_text("Caps lock is on.")
    assert not hint.is_visible()
    page.evaluate(CAPS, ["keydown", True])
    assert hint.is_visible()
    page.evaluate(CAPS, ["keyup", False])
    assert not hint.is_visible()
    page.focus("#password")
    page.evaluate(CAPS, ["keydown", True])
    page.focus("#username")
    assert not hint.is_visible()
    page.context.close()


def test_the_first_fault_has_the_focus(chromium: Browser, place: Place) -> None:
    """With its sentence told to screen readers, and what was typed still there."""
    page = chromium.new_page()
    page.goto(f"{place.url}/sign-up")
    page.fill("#username", "newcomer")
    page.fill("#password", "short")
    page.keyboard.press("Enter")
    page.wait_for_selector("[aria-invalid=true]")
    assert page.evaluate("document.activeElement.id") == "password"
    told = page.get_attribute("#password", "aria-describedby") or ""
    assert told.split()[0] == "password-fault"
    assert "15 characters" in page.inner_text("#password-fault")
    assert page.input_value("#username") == "newcomer"
    page.context.close()


def test_a_second_click_posts_nothing(chromium: Browser, place: Place) -> None:
    """A slow answer and an impatient finger make one account."""
    page = chromium.new_page()
    page.goto(f"{place.url}/forgot-password")
    page.fill("#username", "nobody")
    posted: list[str] = []
    page.on("request", lambda asked: posted.append(asked.url) if asked.method == "POST" else None)
    page.locator("main form button").dblclick(no_wait_after=True)
    page.wait_for_selector("h1:text('Look into your mailbox')")
    assert len(posted) == 1
    page.context.close()


def test_a_mailed_link_that_is_opened_sends_nothing(chromium: Browser, place: Place) -> None:
    """Mail scanners open links, and some of them run what is on the page."""
    page = chromium.new_page()
    walk = Walk(place, page)
    walk.open("/sign-up")
    walk.fill(username="eve", email="eve@example.org", password=PASSWORD)
    walk.send()
    posted: list[str] = []
    page.on("request", lambda asked: posted.append(asked.url) if asked.method == "POST" else None)
    walk.mailed("/verify-email", "eve@example.org")
    page.wait_for_load_state("networkidle")
    assert posted == []
    walk.send()
    assert page.get_by_text("Your mail address is confirmed.").is_visible()
    page.context.close()


def test_without_scripts_nothing_is_missing(chromium: Browser, place: Place) -> None:
    """Sign-in, consent and the way back; a button that could do nothing is not there."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(place.authorize(prompt="consent"))
    assert page.get_by_role("button").all_inner_texts() == ["Sign in"]
    page.fill("#username", "ana")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent?*")
    page.click("button[value=allow]")
    page.wait_for_url(f"{place.application.callback}*")
    assert place.application.arrivals[-1]["code"]
    context.close()


def test_an_account_is_made_and_its_password_forgotten_on_a_phone_without_scripts(
    chromium: Browser, place: Place
) -> None:
    """From the first page to the proof of the mailbox, and by a new password to the account."""
    page = context_of(chromium, scripts=False).new_page()
    walk = Walk(place, page)
    walk.open("/sign-up")
    walk.fill(username="flora", email="flora@example.org", password="short")
    walk.send()
    page.wait_for_selector("#password[aria-invalid=true]:focus")
    walk.fill(password=PASSWORD)
    walk.send()
    walk.mailed("/verify-email", "flora@example.org")
    walk.send()
    walk.open("/forgot-password")
    walk.fill(username="flora")
    walk.send()
    walk.mailed("/reset-password", "flora@example.org")
    walk.fill(new_password=OTHER_PASSWORD)
    walk.send()
    walk.open("/sign-in")
    walk.fill(username="flora", password=OTHER_PASSWORD)
    walk.send()
    page.wait_for_url("**/account")
    page.context.close()
