"""A client or an account in a loop is told to wait, and nobody else is."""

from __future__ import annotations

import pytest

from tests.http.test_device_flow import DEVICE, GRANT
from tests.http.test_oauth_service import client_of, send, token_of
from tests.support.counting import counted
from tests.support.house import MakeHome, bearer
from tests.support.relying_party import relying_party

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OWN = {"grant_type": "client_credentials"}


def test_tokens_are_limited_by_client_and_cost_no_statement(make_home: MakeHome) -> None:
    """The right secret too; another client is served, and after the window this one is."""
    home = make_home(PORTERO_LIMITS="tokens_by_client=3/60")
    looping, other = client_of(home), client_of(home)
    send(home, "/oauth/token", looping, **OWN)
    with counted(home) as statements:
        found = [send(home, "/oauth/token", looping, **OWN) for _ in range(4)]
    assert [each.status_code for each in found] == [200, 200, 429, 429]
    assert found[-1].headers["RateLimit-Policy"] == '"tokens_by_client";q=3;w=60'
    assert statements == []
    assert send(home, "/oauth/token", other, **OWN).status_code == 200
    home.clock.let_pass(seconds=61)
    assert send(home, "/oauth/token", looping, **OWN).status_code == 200


def test_a_wrong_secret_uses_up_nothing_of_its_client(make_home: MakeHome) -> None:
    """The attack: to have somebody else's application refused."""
    home = make_home(PORTERO_LIMITS="tokens_by_client=3/60")
    client = client_of(home)
    for _ in range(10):
        assert send(home, "/oauth/token", (client[0], "no"), **OWN).status_code == 401
    assert send(home, "/oauth/token", client, **OWN).status_code == 200


def test_a_stranger_uses_up_nothing_of_a_public_client(make_home: MakeHome) -> None:
    """Whose id everybody knows: its users are counted by address."""
    home = make_home(PORTERO_LIMITS="tokens_by_client=3/60")
    home.register()
    rp = relying_party(home, token_endpoint_auth_method="none")
    form = {"grant_type": "authorization_code", "code": "no", "client_id": rp.client_id}
    strangers = {"REMOTE_ADDR": "203.0.113.7"}
    statuses = [
        home.client().post("/oauth/token", data=form, environ_overrides=strangers).status_code
        for _ in range(5)
    ]
    assert statuses == [400, 400, 400, 429, 429]
    assert rp.sign_in()["access_token"]


def test_introspection_is_limited_by_client(make_home: MakeHome) -> None:
    """An API asks for each of its requests, so widely."""
    home = make_home(PORTERO_LIMITS="introspections_by_client=3/60")
    client = client_of(home)
    token = token_of(home, client)
    statuses = [send(home, "/oauth/introspect", client, token=token).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_the_api_is_limited_by_account(make_home: MakeHome) -> None:
    """Whatever route, token or session; the other account is served, and /protected, which asks
    nothing of anybody."""
    home = make_home(PORTERO_LIMITS="api_by_account=4/60")
    home.register("ana")
    home.register("ben")
    tokens = [home.log_in("ana")["access_token"] for _ in range(2)]
    ask = [("/me", tokens[0]), ("/me/sessions", tokens[1])] * 3
    answers = [home.get(path, token) for path, token in ask]
    assert [each.status_code for each in answers] == [200] * 4 + [429] * 2
    assert answers[-1].headers["RateLimit-Policy"] == '"api_by_account";q=4;w=60'
    assert home.get("/protected", tokens[0]).status_code == 200
    assert home.get("/me", home.log_in("ben")["access_token"]).status_code == 200
    home.clock.let_pass(seconds=61)
    assert home.client().get("/me", headers=bearer(tokens[0])).status_code == 200


def test_the_devices_of_a_client_that_proves_itself_are_limited_together(
    make_home: MakeHome,
) -> None:
    """Its table of waiting requests can't be filled by a loop."""
    home = make_home(PORTERO_LIMITS="device_by_client=2/60")
    client = client_of(
        home,
        grant_types=[GRANT],
        scope="openid",
        default_resource="",
        id_token_signed_response_alg="ES256",
    )
    statuses = [send(home, DEVICE, client, scope="openid").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
