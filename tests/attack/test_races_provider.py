"""Twenty at once at the authorization server: what may happen once happens once, on both
databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.consent import store as consent_store
from portero.kit.db import Tx
from tests.support.house import ISSUER, Home, MakeHome, basic
from tests.support.racing import THREADS, at_once, statuses
from tests.support.relying_party import RelyingParty, fields, query_of, relying_party

ROOM = {"PORTERO_THREADS": "160", "PORTERO_HASH_QUEUE": "64"}


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home(**ROOM)


def signed_in(home: Home, **metadata: Any) -> RelyingParty:
    home.register("ana")
    rp = relying_party(home, **metadata)
    rp.sign_in()
    return rp


def test_one_of_twenty_redeems_a_code_and_what_it_got_is_revoked(home: Home) -> None:
    """RFC 6749 §4.1.2: somebody has a copy, and nobody can tell who is the thief."""
    rp = signed_in(home)
    code = query_of(rp.begin())["code"]
    answers = at_once(lambda _: rp.redeem(code))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    winner = next(answer.get_json() for answer in answers if answer.status_code == 200)
    assert home.get("/oauth/userinfo", winner["access_token"]).status_code == 401
    assert rp.refresh(winner["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert "code" in query_of(rp.begin())  # the person's own session is not the thief's to end


def test_without_grace_one_of_twenty_refreshes_and_the_family_ends(make_home: MakeHome) -> None:
    """For registered clients as for our own."""
    home = make_home(**ROOM, PORTERO_REFRESH_GRACE_SECONDS="0")
    rp = signed_in(home)
    first = rp.sign_in()["refresh_token"]
    answers = at_once(lambda _: rp.refresh(first))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}
    winner = next(answer.get_json() for answer in answers if answer.status_code == 200)
    assert rp.refresh(winner["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert home.get("/oauth/userinfo", winner["access_token"]).status_code == 401


def test_with_grace_all_of_twenty_get_the_one_successor(home: Home) -> None:
    """A lost answer, or twenty tabs, sign nobody out."""
    rp = signed_in(home)
    first = rp.sign_in()["refresh_token"]
    answers = at_once(lambda _: rp.refresh(first))
    assert statuses(answers) == {200: THREADS}
    assert len({answer.get_json()["refresh_token"] for answer in answers}) == 1


def test_one_of_twenty_uses_a_pushed_request(home: Home) -> None:
    """RFC 9126 §4: its request_uri is good for one code."""
    rp = signed_in(home)
    uri = rp.ask("/oauth/par", **rp.parameters()).get_json()["request_uri"]
    cookie = rp.browser.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None

    def begin(_: int) -> Any:
        browser = home.client()
        browser.set_cookie("portero", cookie.value)
        query = {"client_id": rp.client_id, "request_uri": uri}
        return browser.get("/oauth/authorize", query_string=query)

    answers = at_once(begin)
    codes = [a for a in answers if a.status_code == 303 and "code=" in a.location]
    assert len(codes) == 1


def test_one_of_twenty_agrees(home: Home) -> None:
    """The button of one page, pressed in twenty tabs: one code."""
    home.register("ana")
    rp = relying_party(home)
    page = rp.begin()
    form = {**fields(rp.browser.get(page.location)), "username": "ana"}
    form["password"] = "olive kettle wanders north"
    answer = rp.browser.post("/sign-in", data=form)
    answer = rp.browser.get(answer.location)
    asked = {**fields(rp.browser.get(answer.location)), "decision": "allow"}
    cookie = rp.browser.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None

    def agree(_: int) -> Any:
        browser = home.client()
        browser.set_cookie("portero", cookie.value)
        return browser.post("/consent", data=asked)

    answers = at_once(agree)
    assert statuses(answers) == {303: 1, 400: THREADS - 1}


def test_one_of_twenty_shows_a_proof(home: Home) -> None:
    """RFC 9449 §11.1: the jti of a DPoP proof is good once, on whatever worker."""
    metadata = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read",
        "default_resource": f"{ISSUER}/api",
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    assert created.secret is not None
    proof = ProvingKey().proof(f"{ISSUER}/oauth/token", method="POST", now=home.clock.now())
    headers = {**basic(created.client.client_id, created.secret.reveal()), "DPoP": proof}

    def ask(_: int) -> Any:
        form = {"grant_type": "client_credentials"}
        return home.client().post("/oauth/token", data=form, headers=headers)

    assert statuses(at_once(ask)) == {200: 1, 400: THREADS - 1}


def test_taking_a_consent_back_waits_for_who_redeems_on_it(home: Home) -> None:
    """The attack: the grant is made just after its person had every grant of the application
    ended. What rests on a consent holds it, so that one of the two is always first."""
    rp = signed_in(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    held, over = threading.Event(), threading.Event()
    order: list[str] = []

    def redeem() -> None:
        def unit(tx: Tx) -> None:
            assert consent_store.hold(tx, account_id, rp.client_id) is not None
            held.set()
            assert not over.wait(timeout=0.5)
            order.append("redeemed")

        home.house.db.write(unit)

    def take_back() -> None:
        assert held.wait(timeout=10)
        home.house.rooms.provider.connections.withdraw(Actor.operator(), account_id, rp.client_id)
        order.append("taken back")
        over.set()

    threads = [threading.Thread(target=each) for each in (redeem, take_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert order == ["redeemed", "taken back"]
