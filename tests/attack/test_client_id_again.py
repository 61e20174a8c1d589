"""A client is deleted, and another one made with its id: nothing of the former one is its."""

from __future__ import annotations

from portero.core.audit import Actor
from tests.support.house import Home
from tests.support.relying_party import relying_party


def test_a_new_client_of_an_old_id_inherits_neither_grants_nor_consent(home: Home) -> None:
    """The refresh token of the former one is dead, and the person is asked again."""
    home.register("ana")
    former = relying_party(home, client_id="notes")
    refresh = former.sign_in(scope="openid offline_access")["refresh_token"]
    assert former.walk(former.begin()).location.startswith(former.redirect_uri)

    home.house.clients.delete(Actor.operator(), "notes")
    home.clock.let_pass(seconds=1)
    present = relying_party(home, client_id="notes")
    assert present.refresh(refresh).get_json()["error"] == "invalid_grant"

    present.browser = former.browser
    answer = present.begin(prompt="none")
    assert "error=consent_required" in answer.location


def test_tokens_of_the_former_client_stay_dead(home: Home) -> None:
    """Attack: a client is deleted because its tokens were stolen, and made anew under its id."""
    home.register("ana")
    former = relying_party(home, client_id="notes")
    token = former.sign_in()["access_token"]
    assert home.get("/oauth/userinfo", token).status_code == 200
    home.house.clients.delete(Actor.operator(), "notes")
    home.clock.let_pass(seconds=5)
    present = relying_party(home, client_id="notes")
    assert home.get("/oauth/userinfo", token).status_code == 401
    present.browser = former.browser
    assert home.get("/oauth/userinfo", present.sign_in()["access_token"]).status_code == 200
