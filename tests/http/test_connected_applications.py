"""Applications that are connected without asking are on the account page too, and can be let go."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from tests.support.house import PASSWORD, Home
from tests.support.relying_party import RelyingParty, fields, query_of, relying_party

pytestmark = pytest.mark.sqlite_alone


NOTICE = "It connects without asking you"


def ours(home: Home, **metadata: Any) -> RelyingParty:
    """An application of whoever runs the service: it asks nobody."""
    return relying_party(home, first_party=True, client_name="Our own", **metadata)


def signed_in(rp: RelyingParty, **asked: str) -> dict[str, str]:
    """Ana's tokens, without a consent on the way."""
    page = rp.browser.get(rp.begin(**asked).location)
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    answer = rp.browser.get(rp.browser.post("/sign-in", data=form).location)
    told: dict[str, str] = rp.redeem(query_of(answer)["code"]).get_json()
    return told


def disconnect(rp: RelyingParty, client_id: str) -> TestResponse:
    form = {"csrf": fields(rp.browser.get("/account"))["csrf"], "client_id": client_id}
    return rp.browser.post("/account/applications/disconnect", data=form)


def listed(home: Home, username: str = "ana") -> list[tuple[str, tuple[str, ...], bool]]:
    account = home.house.rooms.accounts.get_by_name(username)
    found = home.house.rooms.provider.connections.list_of(account.id)
    return [(each.client_id, each.scope, each.asked) for each in found]


def test_what_asks_nobody_is_listed_and_says_so(home: Home) -> None:
    """With what its live grants allow together."""
    home.register()
    rp = ours(home)
    signed_in(rp, scope="openid")
    rp.redeem(rp.authorize(scope="openid profile")["code"])
    page = rp.browser.get("/account/applications").text
    assert "Our own" in page
    assert NOTICE in page
    [(client_id, scope, asked)] = listed(home)
    assert (client_id, set(scope), asked) == (rp.client_id, {"openid", "profile"}, False)


def test_it_can_be_let_go(home: Home) -> None:
    """Its tokens die at once, and the page is empty again; nobody else loses anything."""
    home.register()
    home.register("ben")
    rp = ours(home)
    mine = signed_in(rp, scope="openid offline_access")
    other = ours(home)
    other.browser = home.client()
    others = other.redeem(query_of(other.walk(other.begin(), username="ben"))["code"]).get_json()
    assert disconnect(rp, other.client_id).status_code == 404
    assert disconnect(rp, rp.client_id).status_code == 303
    assert rp.refresh(mine["refresh_token"]).status_code == 400
    assert home.get("/oauth/userinfo", mine["access_token"]).status_code == 401
    assert listed(home) == []
    assert "No application is connected" in rp.browser.get("/account/applications").text
    assert home.get("/oauth/userinfo", others["access_token"]).status_code == 200
    assert other.refresh(others["refresh_token"]).status_code == 200


def test_only_what_lives_is_listed(home: Home) -> None:
    """A grant ends with its session, and all of them with a reset; an offline one lives on."""
    home.register()
    account = home.log_in()["user"]["id"]
    bound, offline = ours(home), ours(home)
    signed_in(bound)
    signed_in(offline, scope="openid offline_access")
    assert {client_id for client_id, *_ in listed(home)} == {bound.client_id, offline.client_id}
    home.house.rooms.sessions.end_all(Actor.operator(), account, EndReason.REVOKED)
    assert [client_id for client_id, *_ in listed(home)] == [offline.client_id]
    home.clock.let_pass(seconds=2)
    home.house.rooms.account_admin.disable(Actor.operator(), account)
    home.house.rooms.account_admin.enable(Actor.operator(), account)
    assert listed(home) == []


def test_what_was_agreed_to_is_listed_once_and_without_the_notice(home: Home) -> None:
    """Whether it has a grant at the moment or not. A sign-in of our own is no application."""
    home.register()
    home.log_in()
    rp = relying_party(home)
    rp.sign_in()
    assert [(client_id, asked) for client_id, _, asked in listed(home)] == [(rp.client_id, True)]
    assert NOTICE not in rp.browser.get("/account/applications").text
