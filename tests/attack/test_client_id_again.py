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
