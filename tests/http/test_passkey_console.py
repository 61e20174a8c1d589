"""Passkeys in the account console: a list, one more, another name, one less."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.http.test_passkey_pages import passkey_form
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.software_authenticator import SoftwareAuthenticator

PAGE = "/account/security/passkeys"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for pages."""
    return sqlite_url


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**AT_A_DOMAIN)
    home.register()
    return home


def signed_in(home: Home, username: str = "ana") -> FlaskClient:
    client = home.client()
    csrf = passkey_form(client.get("/sign-in").text)["fields"]["csrf"]
    data = {"csrf": csrf, "username": username, "password": PASSWORD}
    assert client.post("/sign-in", data=data).status_code == 303
    return client


def add(client: FlaskClient, device: SoftwareAuthenticator) -> Any:
    form = passkey_form(client.get(f"{PAGE}/add").text)
    data = {**form["fields"], "credential": json.dumps(device.create(form["options"]))}
    return client.post(f"{PAGE}/add", data=data)


def fields_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the (first) form that posts there."""
    found = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.S)
    assert found, page
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found.group(0)))


def test_a_passkey_from_the_first_to_the_last(home: Home) -> None:
    """Added with its make's name, renamed, and removed."""
    client = signed_in(home)
    assert "No passkey yet" in client.get(PAGE).text
    make = bytes.fromhex("d548826e79b4db40a3d811116f7e8349")
    device = SoftwareAuthenticator(aaguid=make, synced=True)
    added = add(client, device)
    assert (added.status_code, added.location) == (303, "/account/security/recovery-codes")
    page = client.get(PAGE).text
    assert "The passkey was added" in page
    assert all(word in page for word in ("Bitwarden", "Synced", "not used yet"))
    own = fields_of(page, f"{PAGE}/remove")
    name = client.get(f"{PAGE}/rename?id={own['id']}").text
    csrf = {"csrf": own["csrf"], "session": own["session"], "id": own["id"]}
    assert "Bitwarden" in name
    empty = client.post(f"{PAGE}/rename", data={**csrf, "name": " "})
    assert empty.status_code == 422
    renamed = client.post(f"{PAGE}/rename", data={**csrf, "name": "<b>Work"})
    assert renamed.status_code == 303
    assert "&lt;b&gt;Work" in client.get(PAGE).text
    own = fields_of(client.get(PAGE).text, f"{PAGE}/remove")
    assert client.post(f"{PAGE}/remove", data=own).location == PAGE
    assert "No passkey yet" in client.get(PAGE).text


def test_the_browser_is_told_which_are_left(home: Home) -> None:
    """WebAuthn L3 §5.1.10.2 and §5.1.10.3: it offers no others, by the present name."""
    client, device = signed_in(home), SoftwareAuthenticator()
    add(client, device)
    page = client.get(PAGE).text
    told = dict(re.findall(r"data-signal=\"(\w+)\" data-details='([^']*)'", page))
    accepted = json.loads(html.unescape(told["signalAllAcceptedCredentials"]))
    assert accepted == {
        "rpId": "localhost",
        "userId": device.user_handle,
        "allAcceptedCredentialIds": [device.id],
    }
    assert json.loads(html.unescape(told["signalCurrentUserDetails"]))["name"] == "ana"


@pytest.mark.parametrize("path", ["add", "remove", "rename"])
def test_an_old_session_proves_itself_again(home: Home, path: str) -> None:
    """Whoever finds an open browser neither adds nor removes one, and hides none under the owner's
    name for hers; to look he may."""
    client, device = signed_in(home), SoftwareAuthenticator()
    form = passkey_form(client.get(f"{PAGE}/add").text)
    add(client, device)
    own = fields_of(client.get(PAGE).text, f"{PAGE}/remove")
    home.clock.let_pass(minutes=16)
    thief = SoftwareAuthenticator()
    made = json.dumps(thief.create(form["options"]))
    data = {**own, **form["fields"], "credential": made, "name": "Ana's phone"}
    answer = client.post(f"{PAGE}/{path}", data=data)
    assert (answer.status_code, answer.location.startswith("/sign-in")) == (303, True)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    kept = home.house.rooms.passkeys
    assert kept is not None
    assert [each.credential_id for each in kept.list_of(account_id)] == [device.id]
    names = [each.name for each in home.house.rooms.authenticators.list_of(account_id)]
    assert "Ana's phone" not in names


def test_a_wrong_answer_is_asked_for_again(home: Home) -> None:
    """With a new challenge; and the same passkey twice is told."""
    client, device = signed_in(home), SoftwareAuthenticator()
    form = passkey_form(client.get(f"{PAGE}/add").text)
    wrong = client.post(f"{PAGE}/add", data={**form["fields"], "credential": "{}"})
    assert wrong.status_code == 422
    assert passkey_form(wrong.text)["options"]["challenge"] != form["options"]["challenge"]
    assert add(client, device).status_code == 303
    twice = add(client, device)
    assert twice.status_code == 409
    assert "registered already" in twice.text


@pytest.mark.parametrize("path", ["rename", "remove"])
def test_nobody_elses_passkey_is_touched(home: Home, path: str) -> None:
    """Each is looked for among the account's own."""
    client = signed_in(home)
    add(client, SoftwareAuthenticator())
    anas = fields_of(client.get(PAGE).text, f"{PAGE}/remove")
    home.register("eve")
    eve, eves = signed_in(home, "eve"), SoftwareAuthenticator()
    add(eve, eves)
    own = fields_of(eve.get(PAGE).text, f"{PAGE}/remove")
    data = {**own, "id": anas["id"], "name": "mine"}
    assert eve.post(f"{PAGE}/{path}", data=data).status_code == 404
    assert anas["id"] in client.get(PAGE).text
    assert "mine" not in client.get(PAGE).text


def test_at_an_address_there_is_no_such_page(make_home: MakeHome) -> None:
    """And no section that leads to it."""
    home = make_home()
    home.register()
    assert home.client().get(PAGE).status_code == 404
