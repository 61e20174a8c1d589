"""Introspection answers that are signed (RFC 9701)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.clients import ClientState
from tests.http.test_oauth_service import client_of, counted, introspected, send, token_of
from tests.support.house import ISSUER, Home, basic

TYPE = "application/token-introspection+jwt"
SIGNED = {"introspection_signed_response_alg": "ES256"}


def asked(home: Home, caller: tuple[str, str], token: str, accept: str = TYPE) -> TestResponse:
    headers = {**basic(*caller), "Accept": accept}
    return home.client().post("/oauth/introspect", data={"token": token}, headers=headers)


def payload(answer: TestResponse) -> Any:
    return jwt.decode(answer.text, options={"verify_signature": False})


def test_the_answer_is_a_jwt_for_the_caller(home: Home) -> None:
    """§5: the type, who says it to whom, and the answer in a member of its own."""
    client = client_of(home, **SIGNED)
    token = token_of(home, client)
    answer = asked(home, client, token)
    assert (answer.status_code, answer.content_type) == (200, TYPE)
    assert answer.headers["Cache-Control"] == "no-store"
    header = jwt.get_unverified_header(answer.text)
    assert (header["typ"], header["alg"]) == ("token-introspection+jwt", "ES256")
    claims = payload(answer)
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, client[0])
    assert claims["token_introspection"] == introspected(home, client, token)


def test_a_published_key_has_signed_it(home: Home) -> None:
    """Anybody can check it with the keys at `jwks_uri`."""
    client = client_of(home, **SIGNED)
    text = asked(home, client, token_of(home, client)).text
    keys = jwt.PyJWKSet.from_dict(home.get("/.well-known/jwks.json").json or {})
    key = keys[jwt.get_unverified_header(text)["kid"]]
    assert jwt.decode(text, key, ["ES256"], audience=client[0], options={"verify_iat": False})


def test_an_inactive_token_is_told_of_in_a_jwt_too(home: Home) -> None:
    """And of nothing else, whether it is made up or another's."""
    client, stranger = (
        client_of(home),
        client_of(home, default_resource="https://b.example", **SIGNED),
    )
    for token in ("nonsense", "a.b.c", token_of(home, client)):
        assert payload(asked(home, stranger, token))["token_introspection"] == {"active": False}


@pytest.mark.parametrize("accept", ["*/*", "application/json", f"{TYPE};q=0", "application/*", ""])
def test_who_does_not_ask_for_it_gets_json(home: Home, accept: str) -> None:
    """A wildcard is no wish for a JWT."""
    client = client_of(home, **SIGNED)
    assert asked(home, client, "nonsense", accept).content_type == "application/json"


def test_a_preference_is_read_among_others(home: Home) -> None:
    """RFC 9110 §12.5.1."""
    client = client_of(home, **SIGNED)
    answer = asked(home, client, "nonsense", f"text/html, {TYPE.upper()}; q=0.9, */*;q=0.1")
    assert answer.content_type == TYPE


def test_the_answer_is_no_access_token(home: Home) -> None:
    """Attack (§8.1): an API shows the signed answer as if it were the token."""
    client = client_of(home, **SIGNED)
    answer = asked(home, client, token_of(home, client)).text
    assert introspected(home, client, answer) == {"active": False}
    assert home.get("/protected", answer).status_code == 401


def test_nobody_gets_a_signature_without_proof(home: Home) -> None:
    """The refusal is JSON, and a disabled caller gets it as well."""
    client = client_of(home, **SIGNED)
    assert asked(home, (client[0], "wrong"), "x").status_code == 401
    home.house.clients.set_state(Actor.operator(), client[0], ClientState.DISABLED)
    refused = asked(home, client, "x")
    assert (refused.status_code, refused.content_type) == (401, "application/json")


def test_it_costs_no_sql(home: Home) -> None:
    """Once the caller is in memory."""
    client = client_of(home, **SIGNED)
    token = token_of(home, client)
    asked(home, client, token)
    with counted(home) as statements:
        asked(home, client, token)
    assert statements == []


def test_the_metadata_tells_the_algorithms(home: Home) -> None:
    """§7."""
    document = home.get("/.well-known/oauth-authorization-server").json
    assert document is not None
    assert "ES256" in document["introspection_signing_alg_values_supported"]
    assert send(home, "/oauth/introspect", None, token="x").status_code == 401
