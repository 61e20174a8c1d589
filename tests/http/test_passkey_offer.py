"""After a sign-in with a password a passkey is offered; the way on is never in question. And what a
browser asks a site about its passkeys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.http.test_passkey_pages import passkey_form, send
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN, enrol
from tests.support.relying_party import relying_party
from tests.support.software_authenticator import SoftwareAuthenticator

OFFER = "/passkey-offer"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**AT_A_DOMAIN)
    home.register()
    return home


def sign_in(client: FlaskClient) -> Any:
    csrf = passkey_form(client.get("/sign-in").text)["fields"]["csrf"]
    return client.post("/sign-in", data={"csrf": csrf, "username": "ana", "password": PASSWORD})


def test_it_is_taken(home: Home) -> None:
    """One touch, and the next sign-in needs no password: nor is anything offered any more."""
    client, device = home.client(), SoftwareAuthenticator()
    answer = sign_in(client)
    assert (answer.status_code, answer.location) == (303, f"{OFFER}?request=")
    form = passkey_form(client.get(answer.location).text)
    made = {**form["fields"], "credential": json.dumps(device.create(form["options"]))}
    assert client.post(OFFER, data=made).location == "/account"
    other = home.client()
    form = passkey_form(other.get("/sign-in").text)
    assert send(other, form, device.get(form["options"])).location == "/account"


def test_not_now_is_an_answer_for_a_while(home: Home) -> None:
    """For ninety days, in whatever browser."""
    client = home.client()
    form = passkey_form(client.get(sign_in(client).location).text)
    declined = client.post(OFFER, data={**form["fields"], "not_now": "1"})
    assert declined.location == "/account"
    assert sign_in(home.client()).location == "/account"
    home.clock.let_pass(days=91)
    assert sign_in(home.client()).location.startswith(OFFER)


def test_the_way_to_an_application_goes_on(home: Home) -> None:
    """The offer stands between sign-in and consent, and leads there."""
    party = relying_party(home)
    assert party.authorize()["code"]
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert home.house.rooms.passkey_offers is not None
    assert not home.house.rooms.passkey_offers.is_due(account_id)


def test_a_wrong_answer_shows_it_again(home: Home) -> None:
    """And whoever has no session, or an old one, is not asked, and adds nothing."""
    client = home.client()
    form = passkey_form(client.get(sign_in(client).location).text)
    wrong = client.post(OFFER, data={**form["fields"], "credential": "{}"})
    assert (wrong.status_code, "That did not work" in wrong.text) == (422, True)
    assert client.post(OFFER, data={"not_now": "1"}).status_code == 403
    assert home.client().get(OFFER).location == "/account"
    home.clock.let_pass(minutes=16)
    late = SoftwareAuthenticator().create(form["options"])
    answer = client.post(OFFER, data={**form["fields"], "credential": json.dumps(late)})
    assert answer.location == "/account"
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    assert home.house.rooms.authenticators.list_of(account_id) == ()


def test_nobody_is_asked_who_has_one_or_where_it_is_off(make_home: MakeHome, home: Home) -> None:
    """By setting, and after a sign-in without a password."""
    off = make_home(**AT_A_DOMAIN, PORTERO_PASSKEY_OFFER_DAYS="0")
    assert sign_in(off.client()).location == "/account"
    assert off.client().get(OFFER).status_code == 404
    enrol(home)
    assert sign_in(home.client()).status_code == 200  # the passkey is owed, not offered


def test_password_managers_find_the_pages(home: Home) -> None:
    """W3C Passkey Endpoints: where passkeys are made and cared for."""
    answer = home.client().get("/.well-known/passkey-endpoints")
    page = "http://localhost:8000/account/security/passkeys"
    assert answer.json == {"enroll": f"{page}/add", "manage": page}
    assert home.client().get("/.well-known/webauthn").status_code == 404


def test_related_origins_are_told_and_taken(make_home: MakeHome) -> None:
    """WebAuthn L3 §5.11; an Android application's is taken, and is nobody's to be told."""
    android = "android:apk-key-hash:" + "A" * 43
    home = make_home(**AT_A_DOMAIN, PORTERO_PASSKEY_ORIGINS=f"https://shop.example,{android}")
    told = home.client().get("/.well-known/webauthn")
    assert told.json == {"origins": ["https://shop.example"]}
    assert told.content_type.startswith("application/json")
    assert home.house.rooms.passkeys is not None
    assert home.house.rooms.passkeys.party.origins == (
        "http://localhost:8000",
        "https://shop.example",
        android,
    )


def test_at_an_address_there_are_no_documents(make_home: MakeHome) -> None:
    """As there are no passkeys."""
    client = make_home().client()
    assert client.get("/.well-known/passkey-endpoints").status_code == 404
