"""The browser's cookie: which it is after somebody has signed in, and whose form signs whom in."""

from __future__ import annotations

import pytest

from tests.attack.served import people
from tests.attack.served.people import OURS
from tests.support.house import OTHER_PASSWORD, PASSWORD
from tests.support.production import ISSUER, Production
from tests.support.relying_party import fields

COOKIE = "__Host-portero"


def sign_in(browser: object, username: str = "ana", **more: str) -> object:
    page = browser.get("/sign-in")  # type: ignore[attr-defined]
    form = {**fields(page), "username": username, "password": PASSWORD, **more}
    return browser.post("/sign-in", data=form, headers=OURS)  # type: ignore[attr-defined]


def test_a_cookie_from_before_is_worth_nothing_after(home: Production) -> None:
    """Session fixation: what stood in the browser before somebody signed in, planted or our own, is
    another value after it, and signs nobody in. (CVE-2026-39324.)"""
    home.create("ana", "ana@example.org")
    browser, thief = home.client(), home.client()
    thief.get("/sign-in")
    browser.cookies[COOKIE] = thief.cookies[COOKIE]  # planted
    assert sign_in(browser).status_code == 303  # type: ignore[attr-defined]
    assert browser.cookies[COOKIE] != thief.cookies[COOKIE]
    assert thief.get("/account").location.startswith("/sign-in")
    first = browser.cookies[COOKIE]
    again = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    browser.post("/sign-in?prompt=login", data=again, headers=OURS)
    thief.cookies = {COOKIE: first}
    if browser.cookies[COOKIE] != first:
        assert thief.get("/account").location.startswith("/sign-in")
    for made_up in ("x" * 43, "A" * 43, "0", "", "null", first[:-1], first + "A", first.swapcase()):
        thief.cookies = {COOKIE: made_up}
        assert (thief.get("/account").location or "").startswith("/sign-in"), made_up


def test_a_cookie_ends_with_its_session(home: Production) -> None:
    """A copy of it, at whichever of the two workers: after signing out, and after a new password in
    another browser."""
    home.create("ana", "ana@example.org")
    browser, other = people.in_a_browser(home, "ana").browser, people.in_a_browser(home, "ana")
    copy = home.client()
    copy.cookies = dict(browser.cookies)
    form = fields(browser.get("/account/profile"))
    left = browser.post("/sign-out", data={k: form[k] for k in ("csrf", "session")}, headers=OURS)
    assert left.status_code == 200, left.text
    for _ in range(8):
        assert copy.get("/account").location.startswith("/sign-in")
    copy.cookies = dict(people.in_a_browser(home, "ana").browser.cookies)
    assert copy.get("/account").status_code == 200
    changed = other.browser.post(
        "/account/security/password",
        data={**other.form(), "current_password": PASSWORD, "new_password": OTHER_PASSWORD},
        headers=OURS,
    )
    assert changed.status_code == 303, changed.text
    for _ in range(8):
        assert copy.get("/account").location.startswith("/sign-in")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": f"{ISSUER}.evil.example"},
        {},
    ],
    ids=str,
)
def test_nobody_is_signed_in_as_somebody_else_by_another_site(
    home: Production, headers: dict[str, str]
) -> None:
    """Login CSRF: Eve's site posts her own name and password, with a form token of Eve's browser,
    to the page and to the API. The victim is signed in as nobody, and the cookie is what it was."""
    home.create("eve", "eve@example.org")
    eve, victim = home.client(), home.client()
    own = fields(eve.get("/sign-in"))
    victim.get("/sign-in")
    before = dict(victim.cookies)
    form = {**own, "username": "eve", "password": PASSWORD}
    assert victim.post("/sign-in", data=form, headers=headers).status_code == 403
    body = {"username": "eve", "password": PASSWORD, "delivery": "cookie"}
    assert victim.post("/login", json=body, headers=headers).status_code == 403
    assert victim.cookies == before
    assert victim.get("/account").location.startswith("/sign-in")
