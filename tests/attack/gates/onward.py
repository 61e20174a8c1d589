"""Ways from a session that is there to tokens of an application. Each is prepared while everything
is open, and answers with the walk to its end."""

from __future__ import annotations

from portero.core.audit import Actor
from portero.core.clients import Clients
from tests.attack.gates.ways import Walk, moved, type_password
from tests.support.authenticator_app import enrolled_app
from tests.support.backchannel import GRANT as CIBA_GRANT
from tests.support.backchannel import Bank, waiting
from tests.support.backchannel import answer as answer_request
from tests.support.house import PASSWORD, Home
from tests.support.relying_party import RelyingParty, fields, query_of, relying_party

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def authorization(home: Home) -> Walk:
    """An application asks, and nobody types a thing but the yes."""
    rp = relying_party(home, client_id="notes")
    type_password(rp.browser)
    return lambda home: redeemed(at(rp, home))


def accounts_chooser(home: Home) -> Walk:
    """One of two who are signed in."""
    home.create("eve")
    rp = relying_party(home, client_id="notes")
    type_password(rp.browser)
    form = fields(rp.browser.get("/sign-in?other=1"))
    rp.browser.post("/sign-in", data={**form, "username": "eve", "password": PASSWORD})
    sid = home.house.rooms.sessions.list_live(home.house.rooms.accounts.get_by_name("ana").id)[0].id

    def walk(home: Home) -> None:
        here = at(rp, home)
        begun = here.begin(prompt="select_account")
        page = here.browser.get(here.browser.get(begun.location).location)
        chosen = here.browser.post("/accounts", data={**fields(page), "session": sid})
        if chosen.status_code == 303:
            redeemed(here, chosen.location)

    return walk


def step_up(home: Home) -> Walk:
    """The application wants a level; the session has the password, and the code is typed."""
    rp = relying_party(home, client_id="notes")
    type_password(rp.browser)
    app = enrolled_app(home)

    def walk(home: Home) -> None:
        here = at(rp, home)
        page = here.browser.get(here.begin(acr_values="aal2").location)
        code = app.code(steps_later=1)
        done = here.browser.post("/sign-in", data={**fields(page), "code": code})
        if done.status_code == 303:
            redeemed(here, done.location)

    return walk


def device(home: Home) -> Walk:
    """Somebody types the code that a television shows, and presses the button."""
    grants = ["authorization_code", DEVICE_GRANT]
    tv = relying_party(home, client_id="television", grant_types=grants)
    type_password(tv.browser)
    started = tv.ask("/oauth/device", scope="openid").get_json()

    def walk(home: Home) -> None:
        here = at(tv, home)
        form = {**fields(here.browser.get("/device")), "user_code": started["user_code"]}
        page = here.browser.post("/device", data=form)
        if page.status_code == 200:
            here.browser.post("/device", data={**fields(page), "decision": "allow"})
        here.token(grant_type=DEVICE_GRANT, device_code=started["device_code"])

    return walk


def request_from_elsewhere(home: Home) -> Walk:
    """CIBA: an application has asked, and the person answers on the page of requests."""
    bank = bank_of(home.house.clients, home)
    browser = home.client()
    type_password(browser)
    asked = bank.begin()

    def walk(home: Home) -> None:
        here = moved(browser, home)
        if here.get("/requests").status_code == 200 and waiting(here):
            answer_request(here)
        Bank(home, bank.client_id, bank.secret).poll(asked)

    return walk


def bank_of(clients: Clients, home: Home) -> Bank:
    metadata = {
        "grant_types": [CIBA_GRANT],
        "response_types": [],
        "id_token_signed_response_alg": "ES256",
    }
    created = clients.create(Actor.operator(), metadata, client_id="bank")
    assert created.secret is not None
    return Bank(home, "bank", created.secret.reveal())


def at(rp: RelyingParty, home: Home) -> RelyingParty:
    """The same application and browser, at another house of the same place."""
    return RelyingParty(
        home, rp.client_id, rp.secret, moved(rp.browser, home), rp.redirect_uri, rp.pkce
    )


def redeemed(rp: RelyingParty, place: str = "") -> None:
    """Agree where that is asked, and redeem what comes; no page that wants a proof is answered."""
    answer = rp.browser.get(place) if place else rp.begin()
    for _ in range(6):
        if answer.status_code == 200 and 'action="/consent"' in answer.text:
            answer = rp.browser.post("/consent", data={**fields(answer), "decision": "allow"})
        elif answer.status_code == 200 and 'action="/passkey-offer"' in answer.text:
            form = {**fields(answer), "not_now": "1"}
            answer = rp.browser.post("/passkey-offer", data=form)
        elif answer.status_code == 303 and answer.location.startswith("/"):
            answer = rp.browser.get(answer.location)
    if answer.status_code == 303 and "code=" in answer.location:
        rp.redeem(query_of(answer)["code"])


ONWARD = (authorization, accounts_chooser, step_up, device, request_from_elsewhere)
