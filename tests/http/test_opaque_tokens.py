"""Access tokens that tell nobody anything (`access_token_format` `opaque`)."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portero.background import purge
from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero.core.provider.opaque import is_opaque, is_refresh
from tests.http.test_oauth_service import API, client_of, counted, introspected, send, token_of
from tests.support.house import Home
from tests.support.relying_party import relying_party

OPAQUE: dict[str, Any] = {"access_token_format": "opaque"}


def userinfo(home: Home, token: str) -> TestResponse:
    return home.client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def rows(home: Home) -> list[Any]:
    query = "SELECT token_hash, claims FROM opaque_access_tokens"
    return list(home.house.db.read(lambda tx: tx.exec_driver_sql(query).all()))


def test_the_three_kinds_of_token_are_told_apart(home: Home) -> None:
    """By their spelling: a JWT, an opaque access token, a refresh token."""
    home.register()
    told = relying_party(home, **OPAQUE).sign_in()
    opaque, refresh = told["access_token"], told["refresh_token"]
    signed = relying_party(home).sign_in()["access_token"]
    assert [is_opaque(token) for token in (opaque, refresh, signed)] == [True, False, False]
    assert [is_refresh(token) for token in (opaque, refresh, signed)] == [False, True, False]


def test_only_its_hash_is_kept(home: Home) -> None:
    """Whoever reads the database finds no token that works."""
    token = token_of(home, client_of(home, **OPAQUE))
    [row] = rows(home)
    assert token not in str(row)
    assert token.removeprefix("at~") not in str(row)


def test_userinfo_takes_it(home: Home) -> None:
    """From the code and from the refresh token."""
    home.register()
    party = relying_party(home, **OPAQUE)
    told = party.sign_in()
    answer = userinfo(home, told["access_token"])
    assert answer.json is not None
    assert answer.json["preferred_username"] == "ana"
    renewed = party.refresh(told["refresh_token"]).get_json()["access_token"]
    assert is_opaque(renewed)
    assert userinfo(home, renewed).status_code == 200


def test_introspection_tells_what_a_jwt_would_say(home: Home) -> None:
    """To its client and to its API, and to nobody else."""
    client = client_of(home, **OPAQUE)
    token = token_of(home, client)
    api = client_of(home, grant_types=[], scope="")
    told = introspected(home, api, token)
    assert (told["active"], told["aud"], told["client_id"]) == (True, API, client[0])
    assert introspected(home, client, token) == told
    stranger = client_of(home, default_resource="https://other.example")
    assert introspected(home, stranger, token) == {"active": False}


def test_it_costs_one_statement_and_then_none(home: Home) -> None:
    """Once it is in memory."""
    client = client_of(home, **OPAQUE)
    token = token_of(home, client)
    introspected(home, client, "nonsense")  # the client is known from now on
    for expected in (1, 0):
        with counted(home) as statements:
            introspected(home, client, token)
        assert len([each for each in statements if each.startswith("SELECT")]) == expected


def test_a_revoked_one_is_dead_at_once_and_elsewhere_within_a_poll(make_home: Any) -> None:
    """Though it lies in the memory of both processes. A thief can't revoke it."""
    home, other = make_home(), make_home()
    client, thief = client_of(home, **OPAQUE), client_of(home, client_name="Thief")
    token = token_of(home, client)
    for each in (home, other):
        assert introspected(each, client, token)["active"] is True
    assert send(home, "/oauth/revoke", thief, token=token).status_code == 401
    assert introspected(home, client, token)["active"] is True
    assert send(home, "/oauth/revoke", client, token=token).status_code == 200
    assert introspected(home, client, token) == {"active": False}
    other.house.feed.poll()
    assert introspected(other, client, token) == {"active": False}


def test_a_process_that_never_saw_it_does_not_find_it_after_its_end(make_home: Any) -> None:
    """Attack: run to another node before it has heard of the revocation."""
    home, other = make_home(), make_home()
    client = client_of(home, **OPAQUE)
    token = token_of(home, client)
    send(home, "/oauth/revoke", client, token=token)
    assert introspected(other, client, token) == {"active": False}


def test_it_dies_with_its_grant(home: Home) -> None:
    """RFC 7009 §2.1: the refresh token is revoked, and a code that comes twice is (RFC 6749)."""
    home.register()
    party = relying_party(home, **OPAQUE)
    told = party.sign_in()
    assert userinfo(home, told["access_token"]).status_code == 200
    send(home, "/oauth/revoke", (party.client_id, party.secret), token=told["refresh_token"])
    assert userinfo(home, told["access_token"]).status_code == 401
    code = party.authorize()["code"]
    token = party.redeem(code).get_json()["access_token"]
    assert userinfo(home, token).status_code == 200
    assert party.redeem(code).status_code == 400
    assert userinfo(home, token).status_code == 401


def test_it_dies_with_its_client(home: Home) -> None:
    """A disabled client's tokens are worth nothing."""
    client, api = client_of(home, **OPAQUE), client_of(home, grant_types=[], scope="")
    token = token_of(home, client)
    home.house.clients.set_state(Actor.operator(), client[0], ClientState.DISABLED)
    assert introspected(home, api, token) == {"active": False}


def test_it_expires_in_memory_too(home: Home) -> None:
    """The memory is no longer life; the row goes as soon as it is over."""
    client = client_of(home, **OPAQUE)
    token = token_of(home, client)
    assert introspected(home, client, token)["active"] is True
    purge(home.house)
    assert len(rows(home)) == 1
    home.clock.let_pass(minutes=11)
    assert introspected(home, client, token) == {"active": False}
    purge(home.house)
    assert rows(home) == []


def test_one_for_another_api_opens_nothing_here(home: Home) -> None:
    """Attack: a token for a stranger's API is shown to this server's own."""
    token = token_of(home, client_of(home, **OPAQUE))
    assert home.get("/protected", token).status_code == 401
    assert userinfo(home, token).status_code == 401


@pytest.mark.parametrize("made_up", ["at~", "at~x", "at~" + "A" * 43, "at~" + "a." * 9, "at~~+/="])
def test_a_made_up_one_is_unknown(home: Home, made_up: str) -> None:
    """The prefix alone says nothing, and no spelling breaks anything."""
    client = client_of(home)
    assert introspected(home, client, made_up) == {"active": False}
    assert send(home, "/oauth/revoke", client, token=made_up).status_code == 200
    assert userinfo(home, made_up).status_code == 401


def test_it_is_no_refresh_token(home: Home) -> None:
    """Attack: a stolen access token is shown as a refresh token, and the other way round."""
    home.register()
    party = relying_party(home, **OPAQUE)
    told = party.sign_in()
    assert party.refresh(told["access_token"]).status_code == 400
    assert userinfo(home, "at~" + told["refresh_token"]).status_code == 401
    assert userinfo(home, told["refresh_token"]).status_code == 401


def test_a_made_up_one_takes_no_place_in_memory(home: Home) -> None:
    """Attack: a flood of garbage pushes out the good ones. (That the memory is bounded is tested
    with the guard, whose memory it is.)"""
    client = client_of(home, **OPAQUE)
    token = token_of(home, client)
    introspected(home, client, token)
    for asked, expected in (("at~garbage", 1), ("at~garbage", 1), (token, 0)):
        with counted(home) as statements:
            introspected(home, client, asked)
        assert len([each for each in statements if each.startswith("SELECT")]) == expected
