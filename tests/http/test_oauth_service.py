"""A service gets a token with its secret, an API asks about it, the service throws it away."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero.core.clients.errors import InvalidClientId
from tests.support.counting import counted
from tests.support.house import ISSUER, Home, basic

pytestmark = pytest.mark.sqlite_alone


API = "https://notes.example/api"


def client_of(home: Home, **more: Any) -> tuple[str, str]:
    """A registered service: its id and secret."""
    metadata = {
        "client_name": "Nightly reports",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read reports:write",
        "default_resource": API,
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    return created.client.client_id, created.secret.reveal() if created.secret else ""


def send(home: Home, path: str, client: tuple[str, str] | None, **form: Any) -> TestResponse:
    headers = basic(*client) if client else {}
    return home.client().post(path, data=form, headers=headers)


def token_of(home: Home, client: tuple[str, str], **form: Any) -> str:
    answer = send(home, "/oauth/token", client, grant_type="client_credentials", **form)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return str(answer.json["access_token"])


def introspected(home: Home, caller: tuple[str, str], token: str) -> Any:
    answer = send(home, "/oauth/introspect", caller, token=token)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_service_gets_a_token_for_its_resource(home: Home) -> None:
    """RFC 6749 §4.4 and RFC 9068: no person's claims, no refresh token, never cached."""
    client = client_of(home)
    form = {"grant_type": "client_credentials", "scope": "reports:read"}
    answer = send(home, "/oauth/token", client, **form)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    claims = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
    assert claims["sub"] == claims["client_id"] == client[0]
    assert (claims["aud"], claims["scope"], claims["iss"]) == (API, "reports:read", ISSUER)
    assert not {"sid", "auth_time", "acr", "amr", "username", "user_id"} & set(claims)


def test_it_costs_no_sql_once_the_client_is_known(home: Home) -> None:
    """Token and introspection; the audit entries are written together, a moment later."""
    client = client_of(home)
    introspected(home, client, token_of(home, client))
    with counted(home) as statements:
        introspected(home, client, token_of(home, client))
    assert statements == []
    assert home.house.buffer.flush() == 3
    kinds = sorted(entry.kind for entry in home.house.audit.list_entries(limit=3))
    assert kinds == ["token.introspected", *["token.issued"] * 2]


OWN = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({**OWN, "scope": "admin"}, "invalid_scope"),
        ({**OWN, "scope": 'reports:read "quoted"'}, "invalid_scope"),
        ({**OWN, "resource": "https://elsewhere.example"}, "invalid_target"),
        ({**OWN, "resource": [API, "https://elsewhere.example"]}, "invalid_target"),
        ({"grant_type": "password", "username": "a"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "a"}, "unauthorized_client"),
        ({}, "invalid_request"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
    ],
)
def test_what_is_wrong_has_the_specs_code(home: Home, form: dict[str, Any], error: str) -> None:
    """RFC 6749 §5.2, RFC 8707 §2; a parameter sent twice is an error; no password grant."""
    answer = send(home, "/oauth/token", client_of(home), **form)
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, error)


def test_a_client_has_one_way_to_prove_itself(home: Home) -> None:
    """The registered method and no other; not two at once; a wrong secret is a 401 with Basic."""
    client_id, secret = client = client_of(home)
    form = {"grant_type": "client_credentials"}
    wrong = send(home, "/oauth/token", (client_id, "wrong"), **form)
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    in_body = send(home, "/oauth/token", None, client_id=client_id, client_secret=secret, **form)
    assert in_body.status_code == 401
    no_proof = send(home, "/oauth/token", None, client_id=client_id, **form)
    assert no_proof.status_code == 401
    both = send(home, "/oauth/token", client, client_secret=secret, **form)
    assert (both.status_code, both.json and both.json["error"]) == (400, "invalid_request")
    in_url = home.client().post(
        f"/oauth/token?client_id={client_id}", data=form, headers=basic(*client)
    )
    assert in_url.status_code == 400


def test_introspection_tells_only_whom_it_concerns(home: Home) -> None:
    """The client itself and the API of the audience; to all others it is a made-up token."""
    client = client_of(home)
    token = token_of(home, client)
    assert introspected(home, client, token)["active"] is True
    api = client_of(home, grant_types=[], scope="")
    assert introspected(home, api, token)["client_id"] == client[0]
    stranger = client_of(home, default_resource="https://other.example")
    assert introspected(home, stranger, token) == {"active": False}
    assert introspected(home, api, "nonsense") == {"active": False}
    assert send(home, "/oauth/introspect", None, token=token).status_code == 401


def test_a_revoked_token_is_dead_at_once_and_elsewhere_within_a_poll(
    make_home: Any,
) -> None:
    """RFC 7009; another client's token is left alone, an unknown one is 200."""
    home, other = make_home(), make_home()
    client, thief = client_of(home), client_of(home, client_name="Thief")
    token = token_of(home, client)
    assert send(home, "/oauth/revoke", thief, token=token).status_code == 401
    assert introspected(home, client, token)["active"] is True
    assert introspected(other, client, token)["active"] is True
    assert send(home, "/oauth/revoke", client, token=token).status_code == 200
    assert introspected(home, client, token) == {"active": False}
    other.house.feed.poll()
    assert introspected(other, client, token) == {"active": False}
    assert send(home, "/oauth/revoke", client, token="nonsense").status_code == 200


def test_a_disabled_clients_tokens_and_secret_are_worth_nothing(home: Home) -> None:
    """From the moment it is disabled."""
    client, api = client_of(home), client_of(home, grant_types=[], scope="")
    token = token_of(home, client)
    home.house.clients.set_state(Actor.operator(), client[0], ClientState.DISABLED)
    assert introspected(home, api, token) == {"active": False}
    refused = send(home, "/oauth/token", client, grant_type="client_credentials")
    assert refused.status_code == 401


def test_failed_proofs_are_counted_and_successes_are_not(make_home: Any) -> None:
    """429 with Retry-After for whoever tries many; the right secret still works."""
    home = make_home(PORTERO_LIMITS="client_auth_by_address=2/60")
    client = client_of(home)
    form = {"grant_type": "client_credentials"}
    tries = [send(home, "/oauth/token", (client[0], "no"), **form) for _ in range(3)]
    assert [answer.status_code for answer in tries] == [401, 401, 429]
    assert int(tries[2].headers["Retry-After"]) > 0
    assert send(home, "/oauth/token", client, **form).status_code == 200


def test_the_metadata_says_what_is_mounted(home: Home) -> None:
    """RFC 8414: every endpoint answers, and what is refused is not promised."""
    document = home.get("/.well-known/oauth-authorization-server").json
    assert document is not None
    assert document["issuer"] == ISSUER
    assert "client_credentials" in document["grant_types_supported"]
    assert "password" not in document["grant_types_supported"]
    assert "implicit" not in document["grant_types_supported"]
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        answer = home.client().post(document[name].removeprefix(ISSUER), data={"token": "x"})
        assert answer.status_code in {400, 401}, name
    assert home.get(document["jwks_uri"].removeprefix(ISSUER)).status_code == 200


def test_no_client_can_be_named_like_an_account(home: Home) -> None:
    """Its own token would speak for that account (RFC 9068 §5)."""
    account = home.register("ana")
    for client_id in (account["id"], account["id"].upper(), account["id"].replace("-", "")):
        with pytest.raises(InvalidClientId):
            home.house.clients.create(Actor.operator(), {}, client_id=client_id)


def test_who_asks_about_tokens_is_written_down(home: Home) -> None:
    """Without a statement in the request, and once for all that are alike; what is no token of
    theirs shows, as tries do."""
    client = client_of(home)
    token = token_of(home, client)
    with counted(home) as asked:
        for _ in range(3):
            assert introspected(home, client, token)["active"] is True
        assert introspected(home, client, "a.b.c")["active"] is False
    assert asked == []
    home.house.buffer.flush()
    entries = home.house.audit.list_entries(kind="token.introspected")
    told = [(entry.details["active"], entry.details["count"]) for entry in entries]
    assert sorted(told) == [(False, 1), (True, 3)]
    assert home.house.buffer.flush() == 0
    assert {entry.client_id for entry in entries} == {client[0]}
