"""FAPI 2.0 Security Profile: one word for a client, or for the whole server. Each clause of §5.3.2
and §5.4.1 that a client can try to get around has its test, for both ways of saying it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from portero.core.audit import Actor
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from tests.support.fapi import FapiParty, fapi_party, jwks
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome
from tests.support.relying_party import REDIRECT_URI, claims_of, query_of, relying_party

Made = Callable[..., FapiParty]
FAPI = {"PORTERO_PROFILE": "fapi2"}
PRIVATE = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks()}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(params=["client", "server"])
def party_of(request: pytest.FixtureRequest, make_home: MakeHome) -> Made:
    """A client that chose the profile, or one on a server that keeps it for all."""

    def made(**metadata: Any) -> FapiParty:
        if request.param == "server":
            home = make_home(**FAPI)
        else:
            home, metadata = make_home(), {"profile": "fapi2", **metadata}
        home.register()
        return fapi_party(home, **metadata)

    return made


def error_of(answer: Any) -> tuple[int, str]:
    assert answer.json is not None, answer.text
    return answer.status_code, answer.json["error"]


# --- the code flow (§5.3.2.2) ---------------------------------------------------------------------


def test_a_whole_flow(party_of: Made) -> None:
    """Pushed, consented to, redeemed with a key: the token is bound to it, iss is in the answer,
    the ID token is ES256."""
    party = party_of()
    told = party.follow(party.push())
    assert told["iss"] == ISSUER
    answer = party.redeem(told["code"])
    assert answer.status_code == 200, answer.text
    tokens = answer.get_json()
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": party.proving.jkt}
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"


def test_the_refresh_token_stays_the_same(party_of: Made) -> None:
    """§5.3.2.1, item 9: no rotation; it is of use to nobody without both keys."""
    party = party_of()
    first = party.redeem(party.follow(party.push())["code"]).get_json()
    asked = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for _ in range(2):
        again = party.post("/oauth/token", bound=True, **asked)
        assert again.status_code == 200
        assert (
            again.get_json().get("refresh_token", first["refresh_token"]) == asked["refresh_token"]
        )


def test_a_refresh_token_that_is_used_does_not_expire_as_an_unused_one(party_of: Made) -> None:
    """It is not replaced, so its own end moves; but the grant's does not."""
    party = party_of()
    pushed = party.push(scope="openid offline_access")
    first = party.redeem(party.follow(pushed)["code"]).get_json()
    asked = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for _ in range(2):
        party.home.clock.let_pass(days=20)
        assert party.post("/oauth/token", bound=True, **asked).status_code == 200
    party.home.clock.let_pass(days=31)
    assert error_of(party.post("/oauth/token", bound=True, **asked)) == (400, "invalid_grant")


@on_sqlite
def test_a_request_that_was_not_pushed_is_refused(party_of: Made) -> None:
    """§5.3.2.2, item 3."""
    party = party_of()
    told = query_of(party.walker.begin())
    assert (told["error"], "code" in told) == ("invalid_request", False)


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_assertion": None, "client_assertion_type": None}, (401, "invalid_client")),
        ({"code_challenge": None, "code_challenge_method": None}, (400, "invalid_request")),
        ({"code_challenge_method": "plain"}, (400, "invalid_request")),
        ({"redirect_uri": None}, (400, "invalid_request")),
        ({"response_type": "code id_token"}, (400, "unsupported_response_type")),
    ],
)
def test_what_may_not_be_pushed(
    party_of: Made, changed: dict[str, str | None], expected: tuple[int, str]
) -> None:
    """§5.3.2.2, items 1 and 4 to 6: unproven, without PKCE S256, an address or code."""
    assert error_of(party_of().push(**changed)) == expected


@on_sqlite
def test_a_pushed_request_lives_for_less_than_ten_minutes_and_a_code_for_one(
    party_of: Made,
) -> None:
    """§5.3.2.1, item 11, and §5.3.2.2, item 12."""
    party = party_of()
    pushed = party.push()
    assert (pushed.json or {})["expires_in"] < 600
    code = party.follow(pushed)["code"]
    party.home.clock.let_pass(seconds=61)
    assert error_of(party.redeem(code)) == (400, "invalid_grant")


# --- tokens and proofs (§5.3.2.1, §5.4.1) ---------------------------------------------------------


@on_sqlite
def test_no_token_is_given_without_a_key_to_bind_it_to(party_of: Made) -> None:
    """Items 4 and 5."""
    party = party_of()
    code = party.follow(party.push())["code"]
    assert error_of(party.redeem(code, bound=False)) == (400, "invalid_dpop_proof")


def test_a_code_is_bound_to_the_key_that_was_named(party_of: Made) -> None:
    """Item 12 (RFC 9449 §10)."""
    party = party_of()
    code = party.follow(party.push(dpop_jkt="A" * 43))["code"]
    assert error_of(party.redeem(code)) == (400, "invalid_grant")


@on_sqlite
@pytest.mark.parametrize("audience", [f"{ISSUER}/oauth/token", [ISSUER, "https://b.example"]])
def test_an_assertion_is_for_the_issuer_alone(party_of: Made, audience: Any) -> None:
    """Item 8."""
    party = party_of()
    pushed = party.push(client_assertion=party.assertion(aud=audience))
    assert error_of(pushed) == (401, "invalid_client")


@on_sqlite
@pytest.mark.parametrize(("ahead", "status"), [(8, 201), (65, 401)])
def test_clocks_may_differ_a_little(party_of: Made, ahead: int, status: int) -> None:
    """Item 13: ten seconds ahead are taken, more than sixty are not."""
    party = party_of()
    now = int(party.home.clock.now().timestamp())
    shown = party.assertion(iat=now + ahead, nbf=now + ahead)
    assert party.push(client_assertion=shown).status_code == status


@on_sqlite
def test_a_proof_by_rs256_is_refused(party_of: Made) -> None:
    """§5.4.1: PS256, ES256 and EdDSA, of proofs too; without the profile RS256 is one."""
    party = party_of()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    now = int(party.home.clock.now().timestamp())
    claims = {"jti": "one", "htm": "POST", "htu": f"{ISSUER}/oauth/token", "iat": now}
    code = party.follow(party.push())["code"]
    for alg, expected in (("RS256", 400), ("PS256", 200)):
        headers = {"typ": "dpop+jwt", "jwk": public}
        proof = jwt.encode({**claims, "jti": alg}, key, algorithm=alg, headers=headers)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": party.walker.pkce.verifier,
            "client_assertion": party.assertion(),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        answer = party.home.client().post("/oauth/token", data=form, headers={"DPoP": proof})
        assert answer.status_code == expected, answer.text


@on_sqlite
def test_what_the_page_shows_can_be_registered(home: Home) -> None:
    """docs/howto/fapi.md."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "fapi.md").read_text()
    shown = json.loads(page.partition("```json")[2].partition("```")[0])
    made = home.house.clients.create(Actor.operator(), shown).client.metadata
    assert made.require_pushed_authorization_requests
    assert made.dpop_bound_access_tokens
    assert made.id_token_signed_response_alg == "ES256"


# --- the whole server -----------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize(
    ("metadata", "member"),
    [
        ({}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({**PRIVATE, "require_pkce": False}, "require_pkce"),
        ({**PRIVATE, "profile": ""}, "profile"),
        ({**PRIVATE, "dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({**PRIVATE, "userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
    ],
)
def test_nobody_registers_less(make_home: MakeHome, metadata: dict[str, Any], member: str) -> None:
    """Not by an operator's hand, nor by dynamic registration; the member at fault is named."""
    home = make_home(**FAPI, PORTERO_CLIENT_REGISTRATION="open", PORTERO_SIGNING_ALGS="ES256,RS256")
    asked = {"redirect_uris": [REDIRECT_URI], **metadata}
    with pytest.raises(InvalidClientMetadata) as refusal:
        home.house.clients.create(Actor.operator(), asked)
    assert member in {fault.name for fault in refusal.value.faults}
    answer = home.client().post("/oauth/register", json=asked)
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert member in answer.text


@on_sqlite
def test_a_registration_tells_what_the_server_made_of_it(make_home: MakeHome) -> None:
    """RFC 7591 §3.2.1: the client learns which profile it has."""
    home = make_home(**FAPI, PORTERO_CLIENT_REGISTRATION="open")
    answer = home.client().post(
        "/oauth/register", json={"redirect_uris": [REDIRECT_URI], **PRIVATE}
    )
    assert answer.status_code == 201, answer.text
    told = answer.json or {}
    assert told["profile"] == "fapi2"
    assert told["dpop_bound_access_tokens"]
    assert told["require_pushed_authorization_requests"]
    assert told["id_token_signed_response_alg"] == "ES256"


def test_who_registered_before_is_held_to_it(make_home: MakeHome) -> None:
    """One that can keep the profile is served by its rules; one that can not is refused wherever it
    comes, and so are the tokens that it has."""
    before = make_home()
    before.register()
    able, unable = fapi_party(before, id_token_signed_response_alg="ES256"), relying_party(before)
    token = unable.sign_in()["access_token"]
    assert before.get("/oauth/userinfo", token).status_code == 200
    assert "code" in query_of(able.walker.walk(able.walker.begin()))

    after = make_home(**FAPI)
    able, refused = FapiParty(after, able.client_id), relying_party_at(after, unable)
    assert query_of(able.walker.begin())["error"] == "invalid_request"
    told = able.redeem(able.follow(able.push())["code"]).get_json()
    assert told["token_type"] == "DPoP"
    assert refused.begin().status_code == 400
    assert error_of(refused.token(grant_type="authorization_code", code="x")) == (
        401,
        "invalid_client",
    )
    assert after.get("/oauth/userinfo", token).status_code == 401


def relying_party_at(home: Home, known: Any) -> Any:
    return type(known)(home, known.client_id, known.secret, home.client())


def test_a_client_without_an_id_token_algorithm_gets_es256(make_home: MakeHome) -> None:
    """RS256 is what a client has that named none; HS256 is a wish, and is refused."""
    before = make_home(PORTERO_SIGNING_ALGS="ES256,RS256")
    before.register()
    able = fapi_party(before)
    assert before.house.clients.get(able.client_id).metadata.id_token_signed_response_alg == "RS256"
    able = FapiParty(make_home(**FAPI), able.client_id)
    told = able.redeem(able.follow(able.push())["code"]).get_json()
    assert jwt.get_unverified_header(told["id_token"])["alg"] == "ES256"


@on_sqlite
def test_the_json_api_hands_out_no_bearer_tokens(make_home: MakeHome) -> None:
    """§5.3.2.1, item 4: neither for a password, nor for a refresh token from before."""
    before = make_home()
    before.register()
    refresh = before.log_in()["refresh_token"]
    after = make_home(**FAPI)
    for answer in (
        after.post("/login", username="ana", password=PASSWORD),
        after.post("/refresh", refresh_token=refresh),
    ):
        assert answer.status_code == 404
        assert (answer.json or {})["code"] == "password_api_off"


@on_sqlite
def test_metadata_tells_what_is_enforced(make_home: MakeHome) -> None:
    """RFC 8414 §2: no method, algorithm or shortcut that is refused."""
    told = (
        make_home(**FAPI, PORTERO_SIGNING_ALGS="ES256,RS256,PS256")
        .get("/.well-known/openid-configuration")
        .json
    )
    assert told is not None
    assert told["require_pushed_authorization_requests"] is True
    for endpoint in ("token", "introspection", "revocation"):
        assert told[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    algorithms = {name: set(value) for name, value in told.items() if "signing_alg" in name}
    assert len(algorithms) >= 9
    for name, values in algorithms.items():
        assert values, name
        assert values <= {"ES256", "PS256", "EdDSA"}, name
    assert told["response_types_supported"] == ["code"]
    assert "password" not in told["grant_types_supported"]
    assert "require_signed_request_object" not in told


@on_sqlite
def test_without_a_profile_nothing_is_narrowed(home: Home) -> None:
    """Off is as it was."""
    told = home.get("/.well-known/openid-configuration").json or {}
    assert told["require_pushed_authorization_requests"] is False
    assert "client_secret_basic" in told["token_endpoint_auth_methods_supported"]
    assert "none" in told["token_endpoint_auth_methods_supported"]
    assert "HS256" in told["id_token_signing_alg_values_supported"]
