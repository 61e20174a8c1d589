"""Twenty at once at the authorization server: what may happen once happens once, on both
databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.consent import store as consent_store
from portero.kit.db import Tx
from tests.support.house import Home, MakeHome
from tests.support.racing import THREADS, at_once, statuses
from tests.support.relying_party import RelyingParty, fields, relying_party

ROOM = {"PORTERO_THREADS": "160", "PORTERO_HASH_QUEUE": "64"}


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home(**ROOM)


def signed_in(home: Home, **metadata: Any) -> RelyingParty:
    home.register("ana")
    rp = relying_party(home, **metadata)
    rp.sign_in()
    return rp


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
