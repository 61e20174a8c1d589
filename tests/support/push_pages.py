"""How to get to the pages of approval on another device (`every_page.py`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.house import PASSWORD
from tests.support.push_service import Browser, serving

if TYPE_CHECKING:
    from tests.support.every_page import Walk

_SUBSCRIBED = (
    "told => { const form = document.querySelector('form[data-push-key]');"
    " form.elements.credential.value = told; form.requestSubmit(); }"
)


def _subscribe(walk: Walk, device: Browser) -> None:
    """As the page's script does, once the browser has subscribed."""
    walk.page.wait_for_selector("form[data-push-key] button")
    with walk.page.expect_navigation():
        walk.page.evaluate(_SUBSCRIBED, json.dumps(device.subscription()))


def _message(walk: Walk, device: Browser, nth: int) -> str:
    """The address that the message leads to, once it has come."""
    for _ in range(200):
        if len(device.arrived) > nth:
            return f"{walk.place.url}/push/answer#{device.arrived[nth].secret}"
        walk.page.wait_for_timeout(50)  # the outbox is another process's
    raise AssertionError("no message came")


def _open_message(walk: Walk, device: Browser, nth: int) -> None:
    walk.page.goto(_message(walk, device, nth))
    walk.page.wait_for_selector("form[data-decide]")


def waiting_to_be_set_up(walk: Walk) -> None:
    with serving() as service:
        walk.sign_in(walk.somebody("willa"))
        walk.open("/account/security/push")
        _subscribe(walk, service.browser())


def asked_to_be_set_up(name: str, *, confirms: bool = False) -> Callable[[Walk], None]:
    def go(walk: Walk) -> None:
        with serving() as service:
            device = service.browser()
            walk.sign_in(walk.somebody(name))
            walk.open("/account/security/push")
            _subscribe(walk, device)
            _open_message(walk, device, 0)
            if confirms:
                walk.send()

    return go


def enrolling(walk: Walk) -> None:
    """Where a second factor is required: the message is on its way."""
    with serving() as service:
        walk.sign_in(walk.somebody("wendy"))
        with walk.page.expect_navigation():
            walk.page.click("button[name=begin][value=push]")
        _subscribe(walk, service.browser())


def asked(name: str, answer: str = "", number: str = "") -> Callable[[Walk], None]:
    """The page of a device that was asked; with an answer, what it says then; with `wait`, the
    page on which somebody waits for it."""

    def go(walk: Walk) -> None:
        with serving() as service:
            device = service.browser()
            set_up = _finished(walk, device, name)
            walk.page.context.clear_cookies()
            walk.open("/sign-in")
            walk.fill(username=set_up, password=PASSWORD)
            walk.send()
            shown = walk.page.inner_text(".number-shown").strip()
            if answer == "wait":
                return
            _open_message(walk, device, 1)
            if answer == "approve":
                walk.fill(number=number or shown)
                walk.send()
            elif answer == "deny":
                with walk.page.expect_navigation():
                    walk.page.click("main form:has(input[value=deny]) button")

    return go


def devices(walk: Walk) -> None:
    with serving() as service:
        _finished(walk, service.browser(), "wanda")
        walk.open("/account/security/push")


def _finished(walk: Walk, device: Browser, name: str) -> str:
    """Set up to the end."""
    name = walk.somebody(name)
    walk.sign_in(name)
    walk.open("/account/security/push")
    _subscribe(walk, device)
    # On a page of its own, while this one waits.
    page = walk.page.context.new_page()
    page.goto(_message(walk, device, 0))
    page.wait_for_selector("form[data-decide]")
    with page.expect_navigation():
        page.click("main form button[type=submit]")
    page.close()
    walk.page.wait_for_url("**/account/security/recovery-codes")  # by itself
    return name
