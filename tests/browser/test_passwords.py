"""Fields for passwords, on each page that has one (ASVS 5.0 6.2.6, 6.2.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.every_page import Walk

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browsing import Place


def _sign_in(walk: Walk) -> None:
    walk.open("/sign-in")


def _sign_up(walk: Walk) -> None:
    walk.open("/sign-up")


def _reset(walk: Walk) -> None:
    name = walk.somebody("bert")
    walk.open("/forgot-password")
    walk.fill(username=name)
    walk.send()
    walk.mailed("/reset-password", f"{name}@example.org")


def _owed(walk: Walk) -> None:
    walk.sign_in(walk.somebody("olga", "--must-change"))


def _change(walk: Walk) -> None:
    walk.sign_in(walk.somebody("chris"))
    walk.open("/account/security/password")


Go = Callable[[Walk], None]
# By page, what a manager is told of each field that it may fill.
PAGES: tuple[tuple[Go, dict[str, str]], ...] = (
    (_sign_in, {"username": "username webauthn", "password": "current-password"}),
    (_sign_up, {"username": "username", "email": "email", "password": "new-password"}),
    (_reset, {"new_password": "new-password"}),
    (_owed, {"new_password": "new-password"}),
    (_change, {"current_password": "current-password", "new_password": "new-password"}),
)
each_page = pytest.mark.parametrize(("go", "told"), PAGES, ids=[go.__name__[1:] for go, _ in PAGES])


@each_page
def test_a_password_is_typed_unseen(
    chromium: Browser, place: Place, go: Go, told: dict[str, str]
) -> None:
    """Each field of one is of that type, empty, and with a button that shows it."""
    page = chromium.new_page()
    go(Walk(place, page, "-unseen"))
    found = page.locator("main input[type=password]").evaluate_all("all => all.map((e) => e.name)")
    assert found == [name for name in told if "password" in name]
    for name in found:
        assert page.input_value(f"#{name}") == ""
        page.click(f"[data-reveal={name}]")
        assert page.get_attribute(f"#{name}", "type") == "text"
    page.context.close()


@each_page
def test_managers_are_told_what_each_field_is(
    chromium: Browser, place: Place, go: Go, told: dict[str, str]
) -> None:
    """HTML §4.10.18.7: which password is meant, the present or a new one, and of whom."""
    page = chromium.new_page()
    go(Walk(place, page, "-told"))
    found = page.locator("main input:not([type=hidden]):not([type=checkbox])").evaluate_all(
        "all => Object.fromEntries(all.map((e) => [e.name, e.getAttribute('autocomplete')]))"
    )
    assert found == told
    page.context.close()


@each_page
def test_a_password_can_be_pasted(
    chromium: Browser, place: Place, go: Go, told: dict[str, str]
) -> None:
    """By the keyboard, from the clipboard, whole: nothing on the page stops or cuts it."""
    page = chromium.new_page()
    go(Walk(place, page, "-pasted"))
    kept = "nine pelicans row past dawn, " * 8
    page.evaluate(
        "(text) => { const area = document.createElement('textarea');"
        " area.id = 'clip'; area.value = text; document.body.append(area); area.select(); }",
        kept,
    )
    page.keyboard.press("Control+c")
    for name in (name for name in told if "password" in name):
        page.focus(f"#{name}")
        page.keyboard.press("Control+v")
        assert page.input_value(f"#{name}") == kept
    page.context.close()
