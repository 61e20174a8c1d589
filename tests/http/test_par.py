"""Pushed authorization requests (RFC 9126): checked when they come, bound to who pushed them."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.provider.par import REQUEST_URI_PREFIX, Pushed
from portero.protocol.oauth.errors import InvalidRequestUri
from tests.support.house import ISSUER, Home, MakeHome, basic

PAR = "/oauth/par"
CALLBACK = "https://notes.example/cb"
KEY = ec.generate_private_key(ec.SECP256R1())
PROVING = ProvingKey()
GOOD = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def client_of(home: Home, **more: Any) -> tuple[str, str]:
    public_key = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "one"}
    metadata = {
        "redirect_uris": [CALLBACK],
        "scope": "openid",
        "jwks": {"keys": [public_key]},
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    return created.client.client_id, created.secret.reveal() if created.secret else ""


def push(
    home: Home, client: tuple[str, str], *headers: tuple[str, str], **form: str
) -> TestResponse:
    """With Basic where the client has a secret, else by its name alone."""
    sent = list(headers)
    if client[1]:
        sent.extend(basic(*client).items())
    else:
        form = {"client_id": client[0], **form}
    return home.client().post(PAR, data=form, headers=sent)


def uri_of(answer: TestResponse) -> str:
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["request_uri"])


def kept(home: Home, client: tuple[str, str], answer: TestResponse) -> Pushed:
    return home.house.rooms.provider.pushed.find(client[0], uri_of(answer))


def error_of(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None, answer.text
    return answer.status_code, answer.json["error"]


def request_object(client_id: str, **changed: Any) -> str:
    now = int(time.time())
    claims = {
        **GOOD,
        "iss": client_id,
        "aud": ISSUER,
        "client_id": client_id,
        "nbf": now,
        "exp": now + 60,
        **changed,
    }
    headers = {"kid": "one", "typ": "oauth-authz-req+jwt"}
    return jwt.encode(claims, KEY, algorithm="ES256", headers=headers)


def test_a_client_gets_a_name_for_its_request(home: Home) -> None:
    """201, never cached, for less than the 600 seconds of FAPI, and another name each time."""
    client = client_of(home)
    answer = push(home, client, **GOOD)
    assert uri_of(answer).startswith(REQUEST_URI_PREFIX)
    assert len(uri_of(answer)) >= len(REQUEST_URI_PREFIX) + 43
    assert uri_of(push(home, client, **GOOD)) != uri_of(answer)
    assert 5 <= (answer.json or {})["expires_in"] < 600
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_proved_the_client_is_not_kept(home: Home) -> None:
    """Neither secret nor assertion lies in the table; the client's name does."""
    client = client_of(home, token_endpoint_auth_method="client_secret_post")
    form = {**GOOD, "client_id": client[0], "client_secret": client[1]}
    answer = home.client().post(PAR, data=form)
    parameters = kept(home, client, answer).parameters.as_mapping()
    assert set(parameters) == {*GOOD, "client_id"}


def test_cve_2024_4540_the_browser_carries_a_handle_alone(home: Home) -> None:
    """Keycloak put the pushed parameters into a cookie. Neither a cookie nor an address here has
    any of them: all that a browser is given names what is kept."""
    client = client_of(home)
    query = {"client_id": client[0], "request_uri": uri_of(push(home, client, **GOOD))}
    answer = home.client().get(f"/oauth/authorize?{urlencode(query)}")
    assert answer.status_code == 303
    told = answer.location + "".join(answer.headers.getlist("Set-Cookie"))
    assert not [value for value in GOOD.values() if len(value) > 8 and value in told]


def test_the_client_has_to_be_proven(home: Home) -> None:
    """As at the token endpoint: a wrong secret, and none."""
    client_id, _ = client_of(home)
    assert error_of(push(home, (client_id, "wrong"), **GOOD)) == (401, "invalid_client")
    assert error_of(push(home, (client_id, ""), **GOOD)) == (401, "invalid_client")


def test_a_public_client_pushes_by_its_name(home: Home) -> None:
    """RFC 9126 §2.1: what it may do at the token endpoint it may do here."""
    client = client_of(home, token_endpoint_auth_method="none")
    assert kept(home, client, push(home, client, **GOOD)).client_id == client[0]


def test_nobody_fills_the_table_in_the_name_of_a_public_client(make_home: MakeHome) -> None:
    """The limit counts by address."""
    home = make_home(PORTERO_LIMITS="pushed_by_address=2/60")
    client = client_of(home, token_endpoint_auth_method="none")
    statuses = [push(home, client, **GOOD).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]


def test_a_client_in_a_loop_does_not_fill_the_disk(make_home: MakeHome) -> None:
    """Each client has its own tries; and what is over the limit is not kept (RFC 9126 §2.3)."""
    home = make_home(PORTERO_LIMITS="pushed_by_client=2/60")
    client, other = client_of(home), client_of(home)
    assert [push(home, client, **GOOD).status_code for _ in range(3)] == [201, 201, 429]
    refused = push(home, client, **GOOD)
    told = {"error": "temporarily_unavailable", "error_description": "Too many tries."}
    assert refused.get_json() == told
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    query = "SELECT COUNT(*) FROM pushed_requests"
    assert home.house.db.read(lambda tx: tx.exec_driver_sql(query).scalar_one()) == 2
    assert push(home, other, **GOOD).status_code == 201
    home.clock.let_pass(seconds=61)
    assert push(home, client, **GOOD).status_code == 201


BAD: dict[str, tuple[dict[str, str], str]] = {
    "a request_uri": ({"request_uri": "urn:x"}, "invalid_request"),
    "another redirect URI": ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
    "no PKCE": ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
    "the implicit flow": ({"response_type": "token"}, "unsupported_response_type"),
    "an unknown scope": ({"scope": "admin"}, "invalid_scope"),
    "an unknown resource": ({"resource": "https://evil.example/"}, "invalid_target"),
    "a resource that is no URL": ({"resource": "https://[::1/x"}, "invalid_target"),
    "details that nobody declared": (
        {"authorization_details": '[{"type":"payment"}]'},
        "invalid_authorization_details",
    ),
    "a bad request object": ({"request": "a.b.c"}, "invalid_request_object"),
    "another client": ({"client_id": "other"}, "invalid_request"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_could_not_be_answered_is_refused_now(home: Home, what: str) -> None:
    """RFC 9126 §2.1: all of the authorization endpoint's rules, and a JSON error."""
    changed, code = BAD[what]
    assert error_of(push(home, client_of(home), **{**GOOD, **changed})) == (400, code)


def test_only_what_was_signed_is_kept(home: Home) -> None:
    """RFC 9126 §3: the request object is opened, and its parameters alone count."""
    client = client_of(home)
    answer = push(home, client, request=request_object(client[0]), nonce="outer")
    parameters = kept(home, client, answer).parameters
    assert parameters.get("state") == "s"
    assert not {"nonce", "request"} & set(parameters.as_mapping())


def test_a_client_that_signs_always_is_not_pushed_for_unsigned(home: Home) -> None:
    """require_signed_request_object holds here too."""
    client = client_of(home, require_signed_request_object=True)
    assert error_of(push(home, client, **GOOD)) == (400, "invalid_request")
    assert push(home, client, request=request_object(client[0])).status_code == 201


def test_a_pushed_request_is_its_clients_alone(home: Home) -> None:
    """RFC 9126 §4: another client, a made-up name, and a name of something else find nothing."""
    owner, other = client_of(home), client_of(home)
    uri = uri_of(push(home, owner, **GOOD))
    find = home.house.rooms.provider.pushed.find
    assert find(owner[0], uri)
    for client_id, name in (
        (other[0], uri),
        (owner[0], uri + "x"),
        (owner[0], "https://evil.example/request"),
    ):
        with pytest.raises(InvalidRequestUri):
            find(client_id, name)


def test_it_is_found_until_it_expires_or_is_used(home: Home) -> None:
    """Looking is free; the transaction that hands out a code uses it up, once."""
    client = client_of(home)
    pushed, uri = home.house.rooms.provider.pushed, uri_of(push(home, client, **GOOD))
    found = pushed.find(client[0], uri)
    assert pushed.find(client[0], uri).id == found.id
    home.house.db.write(lambda tx: pushed.use_in(tx, found.id, client[0]))
    with pytest.raises(InvalidRequestUri):
        home.house.db.write(lambda tx: pushed.use_in(tx, found.id, client[0]))
    with pytest.raises(InvalidRequestUri):
        pushed.find(client[0], uri)
    late = uri_of(push(home, client, **GOOD))
    home.clock.let_pass(seconds=91)
    with pytest.raises(InvalidRequestUri):
        pushed.find(client[0], late)


def proof(home: Home) -> tuple[str, str]:
    return "DPoP", PROVING.proof(ISSUER + PAR, method="POST", now=home.clock.now())


def test_a_proof_binds_the_code_to_its_key(home: Home) -> None:
    """RFC 9449 §10.1: as if dpop_jkt had been sent; and there is a nonce for the next one."""
    client = client_of(home)
    answer = push(home, client, proof(home), **GOOD)
    assert kept(home, client, answer).parameters.get("dpop_jkt") == PROVING.jkt
    assert answer.headers["DPoP-Nonce"]
    same = push(home, client, proof(home), **GOOD, dpop_jkt=PROVING.jkt)
    assert same.status_code == 201


def test_a_proof_of_another_key_than_the_named_one_is_refused(home: Home) -> None:
    """RFC 9449 §10.1: else a thief's proof could stand beside the client's thumbprint."""
    answer = push(home, client_of(home), proof(home), **GOOD, dpop_jkt="A" * 43)
    assert error_of(answer) == (400, "invalid_request")


def test_a_client_of_bound_tokens_may_push_without_a_proof(home: Home) -> None:
    """The proof is owed at the token endpoint; here it is an offer."""
    client = client_of(home, dpop_bound_access_tokens=True)
    assert push(home, client, **GOOD).status_code == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post(home: Home, method: str) -> None:
    """RFC 9126 §2.1, §2.3: 405 for the rest."""
    assert home.client().open(PAR, method=method).status_code == 405


def test_parameters_in_the_url_and_other_bodies_are_refused(home: Home) -> None:
    """What is in a URL is in logs; and JSON is no form."""
    client = client_of(home, token_endpoint_auth_method="none")
    in_url = home.client().post(f"{PAR}?scope=openid", data={**GOOD, "client_id": client[0]})
    assert error_of(in_url) == (400, "invalid_request")
    as_json = home.client().post(PAR, json={**GOOD, "client_id": client[0]})
    assert error_of(as_json) == (400, "invalid_request")


def test_discovery_tells_what_is_offered(home: Home) -> None:
    """Pushed requests and signed ones, no fetching of a client's request_uri."""
    told = home.get("/.well-known/oauth-authorization-server").json
    assert told is not None
    assert told["pushed_authorization_request_endpoint"] == ISSUER + PAR
    assert told["require_pushed_authorization_requests"] is False
    assert told["request_parameter_supported"] is True
    assert told["request_uri_parameter_supported"] is False
    for name in ("request_object", "authorization"):
        algorithms = told[f"{name}_signing_alg_values_supported"]
        assert algorithms
        assert "none" not in algorithms
