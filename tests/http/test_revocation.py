"""Refresh tokens at the introspection and revocation endpoints (RFC 7662, RFC 7009)."""

from __future__ import annotations

import pytest

from portero.core.audit import Actor
from tests.support.house import Home
from tests.support.relying_party import RelyingParty, relying_party

pytestmark = pytest.mark.sqlite_alone


def ask(rp: RelyingParty, path: str, token: str, **more: str) -> dict[str, object]:
    answer = rp.ask(path, token=token, **more)
    assert answer.status_code in {200, 401}, answer.text
    return {"status": answer.status_code, **(answer.get_json(silent=True) or {})}


def test_a_refresh_token_is_told_of_to_its_own_client_alone(home: Home) -> None:
    """And asking does not spend it."""
    home.register("ana")
    rp, other = relying_party(home), relying_party(home, client_name="Other")
    token = rp.sign_in()["refresh_token"]
    told = ask(rp, "/oauth/introspect", token)
    assert (told["active"], told["client_id"]) == (True, rp.client_id)
    assert ask(other, "/oauth/introspect", token) == {"status": 200, "active": False}
    assert rp.refresh(token).status_code == 200
    assert ask(rp, "/oauth/introspect", token) == {"status": 200, "active": False}


def test_introspection_tells_when_a_refresh_token_ends(home: Home) -> None:
    """RFC 7662 §2.2: that one, unused, and not the grant that it belongs to."""
    home.register("ana")
    rp = relying_party(home)
    token = rp.sign_in(scope="openid offline_access")["refresh_token"]
    left = int(str(ask(rp, "/oauth/introspect", token)["exp"])) - home.clock.now().timestamp()
    home.clock.let_pass(seconds=left - 2)
    assert ask(rp, "/oauth/introspect", token)["active"] is True
    home.clock.let_pass(seconds=4)
    assert ask(rp, "/oauth/introspect", token) == {"status": 200, "active": False}


def test_revoking_a_refresh_token_ends_everything_on_its_grant(home: Home) -> None:
    """RFC 7009 §2.1: the access token too, at once in this process; a wrong hint is no obstacle."""
    home.register("ana")
    rp = relying_party(home)
    tokens = rp.sign_in()
    assert home.get("/oauth/userinfo", tokens["access_token"]).status_code == 200
    told = ask(rp, "/oauth/revoke", tokens["refresh_token"], token_type_hint="access_token")
    assert told["status"] == 200
    assert home.get("/oauth/userinfo", tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).status_code == 400


def test_another_clients_refresh_token_is_refused_and_untouched(home: Home) -> None:
    """RFC 7009 §2.1; a made-up one is answered like a revoked one."""
    home.register("ana")
    rp, other = relying_party(home), relying_party(home, client_name="Other")
    token = rp.sign_in()["refresh_token"]
    assert ask(other, "/oauth/revoke", token)["error"] == "invalid_client"
    assert ask(other, "/oauth/revoke", "made-up")["status"] == 200
    assert rp.refresh(token).status_code == 200


def test_a_pairwise_persons_token_dies_with_the_account(home: Home) -> None:
    """The name in the token is not the account's id, and is traced to it all the same."""
    home.register("ana")
    rp = relying_party(home, subject_type="pairwise")
    tokens = rp.sign_in(scope="openid offline_access")
    answer = home.get("/oauth/userinfo", tokens["access_token"])
    assert answer.status_code == 200
    found = home.log_in("ana")["user"]["id"]
    assert answer.get_json()["sub"] != found
    home.house.rooms.account_admin.disable(Actor.operator(), found)
    assert home.get("/oauth/userinfo", tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).status_code == 400


def test_the_built_in_client_is_none_at_these_endpoints(home: Home) -> None:
    """Attack: whoever finds a first-party refresh token ends its grant alone, and the session with
    its access tokens lives on with nobody able to refresh."""
    home.register("ana")
    told = home.log_in()
    for path in ("/oauth/revoke", "/oauth/introspect", "/oauth/token"):
        form = {"client_id": "portero", "token": told["refresh_token"], "grant_type": "x"}
        answer = home.client().post(path, data=form)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    assert home.post("/refresh", refresh_token=told["refresh_token"]).status_code == 200
