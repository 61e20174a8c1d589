"""Approval on another device on the pages: the one that waits, the account's, and the device's."""

from __future__ import annotations

import json
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.authenticators import FactorKind
from tests.http.test_account_console import sent, signed_in
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.push import another, answered, approve, deny, enrolled_push, text_of
from tests.support.push_service import Browser, PushService
from tests.support.relying_party import fields, relying_party

PAGE = "/security/push"
MAILBOX = "ana@example.org"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", MAILBOX)
    return home


def with_password(browser: FlaskClient, path: str = "/sign-in") -> TestResponse:
    form = {**fields(browser.get(path)), "username": "ana", "password": PASSWORD}
    return browser.post("/sign-in", data=form)


def number_on(page: TestResponse) -> str:
    found = re.search(r'class="number-shown">(\d\d)<', page.text)
    assert found, page.text
    return found.group(1)


def form_of(page: TestResponse, mark: str) -> dict[str, str]:
    """The hidden fields of the form that has that in it."""
    forms = [each for each in re.findall(r"<form.*?</form>", page.text, re.S) if mark in each]
    assert len(forms) == 1, (mark, page.text)
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', forms[0]))


def go_on(browser: FlaskClient, page: TestResponse) -> TestResponse:
    """By the button: “I have approved”."""
    return browser.post("/sign-in", data=form_of(page, "data-push-waits"))


def devices(home: Home) -> list[str]:
    account = home.house.rooms.accounts.get_by_name("ana")
    listed = home.house.rooms.authenticators.list_of(account.id)
    return [each.name for each in listed if each.kind is FactorKind.PUSH]


# --- the page that waits ------------------------------------------------------------------------


def test_the_page_waits_and_goes_on(home: Home, push_service: PushService) -> None:
    """Too early it says so and keeps the number; what its script asks says when to go on."""
    device = enrolled_push(home, push_service)
    browser = home.client()
    page = with_password(browser)
    number = number_on(page)
    home.deliver()
    form = form_of(page, "data-push-waits")
    assert browser.post("/sign-in/push", data=form).json == {"waiting": True}
    early = go_on(browser, page)
    assert "It is not approved yet." in text_of(early)
    assert number_on(early) == number
    assert approve(home, device.newest.secret, number).status_code == 200
    assert browser.post("/sign-in/push", data=form).json == {"waiting": False}
    assert go_on(browser, early).status_code == 303
    assert browser.get("/account").status_code == 200


def test_only_its_own_browser_asks_how_it_stands(home: Home, push_service: PushService) -> None:
    """No other site, and nobody without the sign-in's secret."""
    enrolled_push(home, push_service)
    browser = home.client()
    form = form_of(with_password(browser), "data-push-waits")
    assert home.client().post("/sign-in/push", data=form).status_code == 403
    other = browser.post("/sign-in/push", data={**form, "auth_session": "made-up"})
    assert other.status_code == 401
    assert browser.get("/sign-in/push").status_code == 405


def test_after_a_no_nothing_is_sent_by_itself(home: Home, push_service: PushService) -> None:
    """A wrong number, or too late: the page offers the ways, and a new message is a click."""
    device = enrolled_push(home, push_service)
    browser = home.client()
    page = with_password(browser)
    home.deliver()
    approve(home, device.newest.secret, another(number_on(page)))
    again = go_on(browser, page)
    assert again.status_code == 422
    assert "It was not approved, or not in time." in text_of(again)
    assert "number-shown" not in again.text
    home.deliver()
    assert len(device.arrived) == 2
    anew = browser.post("/sign-in", data={**form_of(again, "begin"), "begin": "push"})
    home.deliver()
    assert len(device.arrived) == 3
    approve(home, device.newest.secret, number_on(anew))
    assert go_on(browser, anew).status_code == 303


def test_nobody_uses_up_what_the_owner_may_ask_in_her_own_browser(
    home: Home, push_service: PushService
) -> None:
    """The attack: have the password, and ask until the limit keeps the owner out too. Where she has
    signed in before she has a budget of her own; whoever is new there has none left."""
    browser = signed_in(home)
    device = enrolled_push(home, push_service)
    for _ in range(5):
        with_password(home.client())
    assert "Too many tries" in text_of(with_password(home.client()))
    page = with_password(browser, "/sign-in?other=1")
    home.deliver()
    assert approve(home, device.newest.secret, number_on(page)).status_code == 200
    assert go_on(browser, page).status_code == 303


def test_a_refused_sign_in_begins_anew(home: Home, push_service: PushService) -> None:
    """The page of whoever tried it is the first one again."""
    device = enrolled_push(home, push_service)
    browser = home.client()
    page = with_password(browser)
    home.deliver()
    assert deny(home, device.newest.secret).status_code == 200
    over = go_on(browser, page)
    assert over.status_code == 401
    assert 'name="password"' in over.text


def test_opening_a_page_sends_nothing(home: Home, push_service: PushService) -> None:
    """The attack: another site opens ours, where somebody is signed in whose session is too weak,
    and her phone rings."""
    browser = signed_in(home)
    device = enrolled_push(home, push_service)
    rp = relying_party(home)
    rp.browser = browser
    began = rp.begin(acr_values="aal2")
    page = browser.get(began.location)
    assert page.status_code == 200
    home.deliver()
    assert len(device.arrived) == 1
    asked = browser.post("/sign-in", data={**form_of(page, "begin"), "begin": "push"})
    home.deliver()
    assert len(device.arrived) == 2
    assert approve(home, device.newest.secret, number_on(asked)).status_code == 200
    assert go_on(browser, asked).location.startswith("/oauth/authorize/continue")


def question_page(home: Home, device: Browser) -> TestResponse:
    return answered(home, device.newest.secret)


def test_the_application_is_named_on_the_device(home: Home, push_service: PushService) -> None:
    """What somebody signs in for, by its own name, and the browser and address that ask."""
    device = enrolled_push(home, push_service)
    rp = relying_party(home, client_name="Notes of Ana")
    page = rp.browser.get(rp.begin().location)
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    waits = rp.browser.post("/sign-in", data=form, headers={"User-Agent": agent})
    home.deliver()
    told = text_of(question_page(home, device))
    assert "Notes of Ana" in told
    assert "Firefox on Linux" in told
    approve(home, device.newest.secret, number_on(waits))
    assert go_on(rp.browser, waits).status_code == 303


# --- the account's page -------------------------------------------------------------------------


def test_a_device_is_set_up_named_and_removed(home: Home, push_service: PushService) -> None:
    """The owner hears of it by mail, and is led to recovery codes."""
    browser = signed_in(home)
    device = push_service.browser()
    told = json.dumps(device.subscription())
    waits = sent(browser, PAGE, f"{PAGE}/subscribe", credential=told)
    assert waits.status_code == 200
    assert devices(home) == []
    form = form_of(waits, "data-push-waits")
    assert browser.post(f"/account{PAGE}/state", data=form).json == {"waiting": True}
    early = browser.post(f"/account{PAGE}/add", data=form)
    assert early.status_code == 409
    assert "data-push-waits" in early.text
    home.deliver()
    assert approve(home, device.newest.secret).status_code == 200
    assert browser.post(f"/account{PAGE}/state", data=form).json == {"waiting": False}
    done = browser.post(f"/account{PAGE}/add", data=form)
    assert (done.status_code, done.location) == (303, "/account/security/recovery-codes")
    assert len(devices(home)) == 1
    home.deliver()
    assert "Approve on another device" in home.mails()[-1]
    account = home.house.rooms.accounts.get_by_name("ana")
    (one,) = home.house.rooms.authenticators.list_of(account.id)
    assert sent(browser, PAGE, f"{PAGE}/rename", id=one.id, name="Phone").status_code == 303
    assert devices(home) == ["Phone"]
    assert sent(browser, PAGE, f"{PAGE}/remove", id=one.id).status_code == 303
    assert devices(home) == []


def test_a_subscription_that_is_none_is_refused_on_the_page(
    home: Home, push_service: PushService
) -> None:
    """Whatever the page's script, or whoever stands in for it, puts there."""
    browser = signed_in(home)
    for told in ("", "{}", "[]", "nonsense", '{"endpoint": "https://10.0.0.1/x", "keys": {}}'):
        answer = sent(browser, PAGE, f"{PAGE}/subscribe", credential=told)
        assert answer.status_code == 422, told
        assert "push service can&#39;t be used" in answer.text
    home.deliver()
    assert push_service.asked == 0


def test_setting_one_up_needs_a_fresh_proof(home: Home, push_service: PushService) -> None:
    """Whoever finds an open browser adds no device of his own, and removes none."""
    browser = signed_in(home)
    home.clock.let_pass(minutes=16)
    page = browser.get(f"/account{PAGE}")
    assert (page.status_code, page.location) == (303, "/sign-in?request=account.security.push")
    for path in ("subscribe", "add", "remove", "state"):
        answer = browser.post(f"/account{PAGE}/{path}", data={"credential": "{}"})
        assert answer.status_code == 303, path
    assert push_service.asked == 0


def test_a_device_that_takes_no_messages_is_shown_as_such(
    home: Home, push_service: PushService
) -> None:
    """So that its owner sets it up again before it is the only one."""
    browser = signed_in(home)
    device = push_service.browser()
    sent(browser, PAGE, f"{PAGE}/subscribe", credential=json.dumps(device.subscription()))
    home.deliver()
    approve(home, device.newest.secret)
    sent(browser, PAGE, f"{PAGE}/add")
    assert "Takes no messages" not in browser.get("/account/security").text
    device.status = 410
    with_password(home.client())
    home.deliver()
    for path in ("/security", PAGE):
        assert "Takes no messages" in browser.get(f"/account{path}").text


def test_who_has_to_set_one_up_does_it_on_the_way_in(
    make_home: MakeHome, push_service: PushService
) -> None:
    """PORTERO_SECOND_FACTOR=required: the key, the subscription, and the session at the end."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.create("ana", MAILBOX)
    browser = home.client()
    page = with_password(browser)
    begun = browser.post("/sign-in", data={**form_of(page, 'value="push"'), "begin": "push"})
    assert "data-push-key" in begun.text
    device = push_service.browser()
    form = form_of(begun, "data-push-key")
    told = json.dumps(device.subscription())
    waits = browser.post("/sign-in", data={**form, "credential": told})
    home.deliver()
    assert approve(home, device.newest.secret).status_code == 200
    assert go_on(browser, waits).status_code == 303
    assert len(devices(home)) == 1


# --- the device's page --------------------------------------------------------------------------


def test_the_worker_has_its_own_folder_and_policy(home: Home) -> None:
    """A service worker sees no page outside of the folder that it lies in; nothing inline in it,
    and it is asked for anew each time."""
    answer = home.client().get("/push/worker.js")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/javascript")
    assert "Service-Worker-Allowed" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "fetch" not in answer.text


def test_the_page_of_the_account_can_be_put_on_a_home_screen(home: Home) -> None:
    """Where iPhones want it before they take messages: it begins there, and is ours."""
    page = signed_in(home).get(f"/account{PAGE}")
    assert '<link rel="manifest" href="/push/app.webmanifest">' in page.text
    assert "manifest-src 'self'" in page.headers["Content-Security-Policy"]
    told = home.client().get("/push/app.webmanifest")
    assert told.content_type == "application/manifest+json"
    content = json.loads(told.text)
    assert (content["start_url"], content["display"]) == (f"/account{PAGE}", "standalone")
    assert home.client().get(content["icons"][0]["src"]).status_code == 200


def test_the_page_of_a_message_holds_no_secret(home: Home) -> None:
    """It is the same for everybody: what tells them apart is behind the # of the address."""
    page = home.client().get("/push/answer?secret=stolen#x")
    assert page.status_code == 200
    assert "stolen" not in page.text
    assert re.search(r'name="secret" value=""', page.text)


def test_a_number_is_asked_for_again_when_it_is_missing(
    home: Home, push_service: PushService
) -> None:
    """An empty field spends nothing: it is a slip, and no guess."""
    device = enrolled_push(home, push_service)
    page = with_password(home.client())
    home.deliver()
    empty = answered(home, device.newest.secret, decision="approve", number=" ")
    assert empty.status_code == 200
    assert "Type the number that you see" in text_of(empty)
    assert approve(home, device.newest.secret, number_on(page)).status_code == 200


def test_another_site_answers_nothing(home: Home, push_service: PushService) -> None:
    """Even if it had the secret."""
    device = enrolled_push(home, push_service)
    page = with_password(home.client())
    home.deliver()
    client = home.client()
    form = {
        **fields(client.get("/push/answer")),
        "secret": device.newest.secret,
        "decision": "approve",
        "number": number_on(page),
    }
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/push/answer", data=form, headers=headers).status_code == 403
    assert client.post("/push/answer", data=form).status_code == 200
