"""FAPI 2.0 Message Signing: what goes to and fro is signed, so that each side can show it later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from portero.core.audit import Actor
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from tests.http.test_fapi import error_of
from tests.support.fapi import METADATA, FapiParty, fapi_party, jwks
from tests.support.house import ISSUER, Home, MakeHome
from tests.support.relying_party import claims_of

Made = Callable[..., FapiParty]
PROFILE = "fapi2_message_signing"
HOUR = 3600
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(params=["client", "server"])
def party_of(request: pytest.FixtureRequest, make_home: MakeHome) -> Made:
    def made(**metadata: Any) -> FapiParty:
        if request.param == "server":
            home = make_home(PORTERO_PROFILE=PROFILE)
        else:
            home, metadata = make_home(), {"profile": PROFILE, **metadata}
        home.register()
        return fapi_party(home, **metadata)

    return made


def push(party: FapiParty, **changed: Any) -> Any:
    signed = party.request_object(**{"response_mode": "jwt", **changed})
    return party.post("/oauth/par", request=signed)


def test_a_whole_flow(party_of: Made) -> None:
    """The request is signed by the client, the answer by Portero, and nothing stands beside it."""
    party = party_of()
    told = party.follow(push(party))
    assert set(told) == {"response"}
    header, claims = jwt.get_unverified_header(told["response"]), claims_of(told["response"])
    assert header["alg"] == "ES256"
    assert (claims["iss"], claims["aud"]) == (ISSUER, party.client_id)
    answer = party.redeem(claims["code"])
    assert answer.status_code == 200, answer.text


@on_sqlite
def test_the_answer_to_an_introspection_is_signed(party_of: Made) -> None:
    """§5.5 and RFC 9701: for whoever accepts it."""
    party = party_of()
    token = party.redeem(claims_of(party.follow(push(party))["response"])["code"]).get_json()
    answer = party.home.client().post(
        "/oauth/introspect",
        data={
            "token": token["access_token"],
            "client_assertion": party.assertion(),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
        headers={"Accept": "application/token-introspection+jwt"},
    )
    assert answer.headers["Content-Type"] == "application/token-introspection+jwt"
    assert jwt.get_unverified_header(answer.text)["alg"] == "ES256"
    assert claims_of(answer.text)["token_introspection"]["active"] is True


@on_sqlite
def test_an_unsigned_request_is_not_taken(party_of: Made) -> None:
    """§5.3.1, item 1."""
    assert error_of(party_of().push(response_mode="jwt")) == (400, "invalid_request")


@on_sqlite
@pytest.mark.parametrize("mode", [None, "query", "form_post"])
def test_an_unsigned_answer_is_not_promised(party_of: Made, mode: str | None) -> None:
    """§5.4: JARM is the only way that an answer goes."""
    assert error_of(push(party_of(), response_mode=mode)) == (400, "invalid_request")


@on_sqlite
@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
def test_each_signed_mode_will_do(party_of: Made, mode: str) -> None:
    """JARM §2.3."""
    assert push(party_of(), response_mode=mode).status_code == 201


@on_sqlite
def test_not_even_an_error_goes_back_unsigned(party_of: Made) -> None:
    """A link that anybody can make ends on a page here, or in a signed answer."""
    party = party_of()
    assert party.walker.begin().status_code == 400
    answer = party.walker.begin(response_mode="jwt")
    assert answer.status_code == 303
    assert "response=" in answer.location
    assert "error=" not in answer.location


TIMES: dict[str, tuple[dict[str, Any], int]] = {
    "no nbf": ({"nbf": None}, 400),
    "no exp": ({"exp": None}, 400),
    "an old nbf": ({"nbf": -HOUR - 60, "exp": 60}, 400),
    "a long life": ({"nbf": 0, "exp": HOUR + 60}, 400),
    "an hour": ({"nbf": 0, "exp": HOUR}, 201),
    "eight seconds ahead": ({"nbf": 8, "exp": 60}, 201),
    "for somebody else": ({"aud": "https://elsewhere.example"}, 400),
    "for us among others": ({"aud": ["https://elsewhere.example", ISSUER]}, 201),
}


@on_sqlite
@pytest.mark.parametrize("what", TIMES)
def test_a_request_object_is_for_us_and_for_now(party_of: Made, what: str) -> None:
    """§5.3.1, items 2 to 4."""
    changed, status = TIMES[what]
    now = int(time.time())
    moved = {n: now + v if isinstance(v, int) else v for n, v in changed.items()}
    assert push(party_of(), **moved).status_code == status


@on_sqlite
def test_nobody_registers_less(make_home: MakeHome) -> None:
    """The profile and what it compels are not contradicted; a stricter client is welcome."""
    home, asked = make_home(PORTERO_PROFILE=PROFILE), {**METADATA, "jwks": jwks()}
    for member, value in (("profile", "fapi2"), ("require_signed_request_object", False)):
        with pytest.raises(InvalidClientMetadata) as refusal:
            home.house.clients.create(Actor.operator(), {**asked, member: value})
        assert member in {fault.name for fault in refusal.value.faults}
    made = make_home(PORTERO_PROFILE="fapi2").house.clients.create(
        Actor.operator(), {**asked, "profile": PROFILE}
    )
    assert made.client.metadata.require_signed_request_object


def test_a_fapi2_client_may_sign_and_is_held_to_the_same_rules(make_home: MakeHome) -> None:
    """The Security Profile alone has Message Signing in it, for whoever uses it; on a server that
    demands it, who registered without is held to it."""
    home = make_home()
    home.register()
    party = fapi_party(home, profile="fapi2")
    assert push(party, nbf=None).status_code == 400
    assert set(party.follow(push(party))) == {"response"}
    assert "code" in party.follow(party.push())
    strict = FapiParty(make_home(PORTERO_PROFILE=PROFILE), party.client_id)
    assert error_of(strict.push()) == (400, "invalid_request")
    assert push(strict).status_code == 201


@on_sqlite
def test_a_service_has_nothing_to_sign(make_home: MakeHome) -> None:
    """Who never sends anybody here needs no keys for requests."""
    home = make_home(PORTERO_PROFILE=PROFILE)
    party = fapi_party(
        home, redirect_uris=[], grant_types=["client_credentials"], scope="reports:read"
    )
    answer = party.post("/oauth/token", bound=True, grant_type="client_credentials")
    assert answer.status_code == 200, answer.text


@on_sqlite
def test_metadata_tells_what_is_enforced(make_home: MakeHome) -> None:
    """RFC 9101 §10.5, JARM §3."""
    home: Home = make_home(PORTERO_PROFILE=PROFILE)
    told = home.get("/.well-known/oauth-authorization-server").json or {}
    assert told["require_signed_request_object"] is True
    assert told["response_modes_supported"] == ["jwt", "query.jwt", "form_post.jwt"]
    assert told["authorization_signing_alg_values_supported"] == ["ES256"]
    assert told["introspection_signing_alg_values_supported"] == ["ES256"]


@on_sqlite
def test_backchannel_requests_can_not_be_signed_so_nobody_makes_them(make_home: MakeHome) -> None:
    """Neither a client that bound itself to signing, nor any where the whole server did."""
    grant = {"grant_types": ["urn:openid:params:grant-type:ciba"], "response_types": []}
    metadata = {**METADATA, **grant, "redirect_uris": [], "jwks": jwks()}
    home = make_home()
    with pytest.raises(InvalidClientMetadata) as refusal:
        home.house.clients.create(Actor.operator(), {**metadata, "profile": PROFILE})
    assert [fault.name for fault in refusal.value.faults] == ["grant_types"]
    assert home.house.clients.create(Actor.operator(), {**metadata, "profile": "fapi2"})
    told = make_home(PORTERO_PROFILE=PROFILE).get("/.well-known/openid-configuration").get_json()
    assert not [name for name in told if name.startswith("backchannel_") and "logout" not in name]
    assert grant["grant_types"][0] not in told["grant_types_supported"]
