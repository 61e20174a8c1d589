"""A browser that is trusted is asked for no second factor; one that is kept stays signed in."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


DEVICE = "portero_device"
BROWSER = "portero"
HOST = "127.0.0.1"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", email="ana@mail.example")
    return home


def sign_in(
    browser: FlaskClient, username: str = "ana", password: str = PASSWORD, **more: str
) -> Any:
    page = browser.get("/sign-in")
    typed = {**fields(page), "username": username, "password": password, **more}
    return browser.post("/sign-in", data=typed)


def prove(browser: FlaskClient, page: Any, app: App, **more: str) -> Any:
    assert page.status_code == 200, page.text
    return browser.post("/sign-in", data={**fields(page), "code": app.next_code(), **more})


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == 303)


def trusted(home: Home, browser: FlaskClient) -> App:
    """The browser, in which ana has proven her app and asked not to be asked again."""
    app = enrolled_app(home)
    assert is_in(prove(browser, sign_in(browser), app, trust_device="on"))
    return app


def test_a_trusted_browser_is_not_asked_again(home: Home) -> None:
    """Until the days are over; another browser always is."""
    browser = home.client()
    trusted(home, browser)
    assert is_in(sign_in(browser))
    assert not is_in(sign_in(home.client()))
    home.clock.let_pass(days=30, seconds=1)
    assert not is_in(sign_in(browser))


def test_without_the_tick_it_is_asked_each_time(home: Home) -> None:
    """A known browser is no trusted one."""
    browser, app = home.client(), enrolled_app(home)
    assert is_in(prove(browser, sign_in(browser), app))
    assert not is_in(sign_in(browser))


def test_the_tick_counts_only_with_a_proof(home: Home) -> None:
    """The attack: know the password, and send the tick with the first page."""
    enrolled_app(home)
    browser = home.client()
    sign_in(browser, trust_device="on")
    assert not is_in(sign_in(browser, trust_device="on"))


def test_another_accounts_device_is_a_stranger(home: Home) -> None:
    """The attack: plant one's own trusted cookie in the victim's browser, or have the cookie of a
    shared one. Each account trusts on its own, and takes over no value that it does not know.

    CVE-2024-51996: Symfony's cookie to be remembered by was not tied to its user.
    """
    browser = home.client()
    trusted(home, browser)
    planted = browser.get_cookie(DEVICE, domain=HOST)
    assert planted is not None
    home.register("eve")
    eves_app = enrolled_app(home, "eve")
    page = sign_in(browser, "eve")
    assert is_in(prove(browser, page, eves_app, trust_device="on"))
    both = browser.get_cookie(DEVICE, domain=HOST)
    assert both is not None
    assert both.value.split(".")[0] == planted.value
    assert len(both.value.split(".")) == 2
    assert is_in(sign_in(browser))  # two who share a browser don't make each other strangers
    other = home.client()
    other.set_cookie(DEVICE, planted.value, domain=HOST)
    assert not is_in(sign_in(other, "eve"))


def test_a_new_password_makes_all_devices_strangers(home: Home) -> None:
    """Whoever was in may have trusted a browser of his own."""
    browser = home.client()
    trusted(home, browser)
    home.post("/password/forgot", username="ana")
    chosen = {"token": home.mailed_token("/reset-password"), "new_password": OTHER_PASSWORD}
    reset = home.client().post("/password/reset", json=chosen)
    assert reset.status_code == 204, reset.text
    assert not is_in(sign_in(browser, password=OTHER_PASSWORD))


def test_a_forgotten_device_is_a_stranger(home: Home) -> None:
    """By its owner; nobody else finds it."""
    browser = home.client()
    trusted(home, browser)
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    (device,) = rooms.devices.list_of(account_id)
    rooms.devices.forget(Actor.operator(), account_id, device.id)
    assert not is_in(sign_in(browser))


def test_the_console_lists_what_is_trusted_and_forgets_it(home: Home) -> None:
    """Of the owner; eve neither sees nor forgets ana's (IDOR)."""
    browser = home.client()
    trusted(home, browser)
    page = browser.get("/account/sessions")
    assert "Trusted browsers" in page.text
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    (device,) = home.house.rooms.devices.list_of(account_id)
    home.register("eve")
    eves = home.client()
    sign_in(eves, "eve")
    eves_page = eves.get("/account/sessions")
    assert "Trusted browsers" not in eves_page.text
    forgotten = {**fields(eves.get("/account")), "id": device.id}
    assert eves.post("/account/sessions/forget", data=forgotten).status_code == 404
    assert home.house.rooms.devices.list_of(account_id) == [device]
    mine = {**fields(browser.get("/account/sessions")), "id": device.id}
    assert browser.post("/account/sessions/forget", data=mine).status_code == 303
    assert not is_in(sign_in(browser))


def test_an_old_session_forgets_no_browser(home: Home) -> None:
    """The attack: a browser left open since this morning makes strangers of all the others, and so
    takes from the owner the tries that nobody else can use up."""
    browser = home.client()
    trusted(home, browser)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    (device,) = home.house.rooms.devices.list_of(account_id)
    home.clock.let_pass(seconds=901)
    form = {**fields(browser.get("/account/sessions")), "id": device.id}
    refused = browser.post("/account/sessions/forget", data=form)
    assert "/sign-in" in refused.location
    assert [each.id for each in home.house.rooms.devices.list_of(account_id)] == [device.id]


def test_zero_days_trust_nobody(make_home: MakeHome, home: Home) -> None:
    """The page does not offer it, and a tick that comes along does nothing."""
    app = enrolled_app(home)
    strict = make_home(PORTERO_TRUST_DEVICE_DAYS="0")
    browser = strict.client()
    page = sign_in(browser)
    assert "trust_device" not in page.text
    home.clock.let_pass(seconds=30)
    strict.clock.let_pass(seconds=30)
    assert is_in(
        browser.post("/sign-in", data={**fields(page), "code": app.code(), "trust_device": "on"})
    )
    assert not is_in(sign_in(browser))


def test_whoever_does_not_stay_is_gone_with_the_browser(home: Home) -> None:
    """The cookie ends with the browser, and the session after half a day at the latest."""
    browser = home.client()
    answer = sign_in(browser)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{BROWSER}=")]
    assert "Max-Age" not in cookie
    assert browser.get("/account").status_code == 200
    home.clock.let_pass(hours=12, seconds=1)
    assert browser.get("/account").status_code == 303


def test_whoever_stays_stays(home: Home) -> None:
    """Through a second step too, and whatever a second person in that browser wants."""
    app = enrolled_app(home)
    browser = home.client()
    answer = prove(browser, sign_in(browser, keep="on"), app)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{BROWSER}=")]
    assert "Max-Age=7776000" in cookie
    home.register("eve")
    again = sign_in(browser, "eve")
    assert any("Max-Age=7776000" in c for c in again.headers.getlist("Set-Cookie"))
    home.clock.let_pass(hours=12, seconds=1)
    assert "eve" not in browser.get("/account").text
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(("rule", "lasts"), [("always", True), ("never", False)])
def test_an_operator_decides_for_all(make_home: MakeHome, rule: str, lasts: bool) -> None:
    """Nobody is asked, and what comes along uninvited counts for nothing."""
    home = make_home(PORTERO_KEEP_SIGNED_IN=rule)
    home.register()
    browser = home.client()
    assert 'name="keep"' not in browser.get("/sign-in").text
    answer = sign_in(browser, **({} if lasts else {"keep": "on"}))
    cookies = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{BROWSER}=")]
    assert ["Max-Age" in cookie for cookie in cookies] == [lasts]


def test_a_new_password_makes_no_brief_session_a_long_one(home: Home) -> None:
    """Who did not want to stay signed in still does not."""
    browser = home.client()
    sign_in(browser)
    typed = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    page = browser.get("/account/security/password")
    changed = browser.post("/account/security/password", data={**fields(page), **typed})
    assert changed.status_code == 303
    assert browser.get("/account").status_code == 200
    home.clock.let_pass(hours=12, seconds=1)
    assert browser.get("/account").status_code == 303
