"""The sign-in page and its steps with a passkey, as a browser's script posts them."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN, enrol
from tests.support.software_authenticator import SoftwareAuthenticator, Twist


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for pages: what is stored is tested beside the JSON API."""
    return sqlite_url


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**AT_A_DOMAIN)
    home.register()
    return home


def passkey_form(page: str) -> dict[str, Any]:
    """The form that the script would send: what it asks for, and its hidden fields."""
    found = re.search(r"<form[^>]*data-passkey[^>]*data-options='([^']*)'.*?</form>", page, re.S)
    assert found, page
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found.group(0))
    return {
        "options": json.loads(html.unescape(found.group(1))),
        "fields": {name: html.unescape(value) for name, value in fields},
    }


def send(client: FlaskClient, form: dict[str, Any], credential: Any) -> Any:
    return client.post("/sign-in", data={**form["fields"], "credential": json.dumps(credential)})


def test_the_page_signs_in_with_a_passkey_alone(home: Home) -> None:
    """And with a new cookie: whoever planted the old one is not signed in."""
    device, client = enrol(home), home.client()
    form = passkey_form(client.get("/sign-in").text)
    before = client.get_cookie("portero", domain="localhost")
    answer = send(client, form, device.get(form["options"]))
    assert (answer.status_code, answer.location) == (303, "/account")
    after = client.get_cookie("portero", domain="localhost")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert "ana" in client.get("/account").text


def test_an_answer_belongs_to_its_browser(home: Home) -> None:
    """Login CSRF: what one browser was asked for is worth nothing in another."""
    device, mine, theirs = enrol(home), home.client(), home.client()
    asked = passkey_form(theirs.get("/sign-in").text)
    form = passkey_form(mine.get("/sign-in").text)
    answer = send(mine, form, device.get(asked["options"]))
    assert answer.status_code == 401
    assert "was not accepted" in answer.text


def test_a_post_of_another_site_is_refused(home: Home) -> None:
    """Without the form's token, or from elsewhere."""
    device, client = enrol(home), home.client()
    form = passkey_form(client.get("/sign-in").text)
    data = {"credential": json.dumps(device.get(form["options"]))}
    assert client.post("/sign-in", data=data).status_code == 403
    headers = {"Origin": "https://evil.example"}
    assert (
        client.post("/sign-in", data={**form["fields"], **data}, headers=headers).status_code == 403
    )


def test_a_refusal_shows_the_page_with_a_new_challenge(home: Home) -> None:
    """Nothing else is lost."""
    device, client = enrol(home), home.client()
    form = passkey_form(client.get("/sign-in").text)
    wrong = send(client, form, device.get(form["options"], Twist(origin="https://evil.example")))
    assert wrong.status_code == 401
    again = passkey_form(wrong.text)
    assert again["options"]["challenge"] != form["options"]["challenge"]
    assert send(client, again, device.get(again["options"])).status_code == 303


def test_a_browser_is_told_to_forget_what_is_gone(home: Home) -> None:
    """WebAuthn L3 §5.1.10.1: signalUnknownCredential."""
    device, client = enrol(home), home.client()
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    (one,) = rooms.authenticators.list_of(account_id)
    rooms.authenticators.remove(Actor.operator(), account_id, one.id)
    form = passkey_form(client.get("/sign-in").text)
    gone = send(client, form, device.get(form["options"]))
    told = re.search(r"data-signal=\"signalUnknownCredential\" data-details='([^']*)'", gone.text)
    assert told
    details = json.loads(html.unescape(told.group(1)))
    assert details == {"rpId": "localhost", "credentialId": device.id}


def test_a_page_that_is_open_for_long_asks_again(home: Home) -> None:
    """In the same browser, and without a page of its own."""
    device, client = enrol(home), home.client()
    form = passkey_form(client.get("/sign-in").text)
    home.clock.let_pass(minutes=11)
    options = client.get("/sign-in/passkey").json
    assert send(client, form, device.get(options)).status_code == 303


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_the_second_page_asks_for_the_named_ones(make_home: MakeHome, name: str) -> None:
    """Of nobody it asks alike; and a stranger's does not sign the named one in."""
    home = make_home(**AT_A_DOMAIN, PORTERO_SIGN_IN_STEPS="2")
    home.register("ana")
    home.register("eve")
    device, eves, client = enrol(home), enrol(home, username="eve"), home.client()
    first = passkey_form(client.get("/sign-in").text)
    data = {**first["fields"], "username": name, "name_first": "1"}
    form = passkey_form(client.post("/sign-in", data=data).text)
    assert len(form["options"]["allowCredentials"]) == 1
    assert form["fields"]["username"] == name
    assert send(client, form, eves.get(form["options"])).status_code == 401
    form = passkey_form(client.post("/sign-in", data=data).text)
    expected = 303 if name == "ana" else 401
    assert send(client, form, device.get(form["options"])).status_code == expected


def test_the_second_step_by_a_page(home: Home) -> None:
    """After the password; a wrong answer shows the step again."""
    device, client = enrol(home), home.client()
    csrf = passkey_form(client.get("/sign-in").text)["fields"]["csrf"]
    data = {"csrf": csrf, "username": "ana", "password": PASSWORD}
    form = passkey_form(client.post("/sign-in", data=data).text)
    assert form["fields"]["factor"] == "passkey"
    wrong = send(client, form, device.get(form["options"], Twist(cut=1)))
    assert wrong.status_code == 422
    form = passkey_form(wrong.text)
    assert send(client, form, device.get(form["options"])).status_code == 303


def test_without_a_script_the_step_stays(home: Home) -> None:
    """The form that nobody filled proves nothing, and the page says what it needs."""
    enrol(home)
    client = home.client()
    csrf = passkey_form(client.get("/sign-in").text)["fields"]["csrf"]
    data = {"csrf": csrf, "username": "ana", "password": PASSWORD}
    page = client.post("/sign-in", data=data).text
    assert "<noscript>" in page
    form = passkey_form(page)
    again = client.post("/sign-in", data={**form["fields"], "credential": ""})
    assert (again.status_code, "Confirm that it is you" in again.text) == (200, True)
    assert passkey_form(again.text)


@pytest.mark.parametrize("odd", ["", "x", "[]", "null", '"a"', "{" * 30_000, "9" * 40_000])
def test_odd_fields_are_no_error_of_ours(home: Home, odd: str) -> None:
    """Of the passkey's field, at the first page."""
    client = home.client()
    form = passkey_form(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={**form["fields"], "credential": odd})
    assert answer.status_code == 401


def test_one_is_made_on_the_way_in(make_home: MakeHome) -> None:
    """Where everybody needs a second factor."""
    home = make_home(**AT_A_DOMAIN, PORTERO_SECOND_FACTOR="required")
    home.register()
    client = home.client()
    csrf = passkey_form(client.get("/sign-in").text)["fields"]["csrf"]
    page = client.post(
        "/sign-in", data={"csrf": csrf, "username": "ana", "password": PASSWORD}
    ).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    begun = client.post("/sign-in", data={**hidden, "begin": "passkey"})
    form = passkey_form(begun.text)
    device = SoftwareAuthenticator()
    assert send(client, form, device.create(form["options"])).status_code == 303


def test_at_an_address_the_page_asks_for_none(make_home: MakeHome) -> None:
    """Nor where the operator does not want it."""
    assert "data-passkey" not in make_home().client().get("/sign-in").text
    off = make_home(**AT_A_DOMAIN, PORTERO_PASSKEY_SIGN_IN="off")
    assert "data-passkey" not in off.client().get("/sign-in").text
    assert off.client().get("/sign-in/passkey").status_code == 404
