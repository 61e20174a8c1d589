"""PORTERO_PROFILE=certification: what the Basic and Dynamic OP plans of OpenID certification send
is taken, and without it none of that is."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.test_client_assertions import OTHER_KEY, ask, assertion, client_of, public_jwk
from tests.support.fapi import jwks, signed
from tests.support.house import ISSUER, Home, MakeHome
from tests.support.relying_party import REDIRECT_URI, RelyingParty, query_of, relying_party
from tests.unit.outside.conftest import OtherServer, send

CERTIFICATION = {"PORTERO_PROFILE": "certification"}
WITHOUT_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
OBJECT = "application/oauth-authz-req+jwt"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def relaxed(make_home: MakeHome) -> Home:
    made = make_home(**CERTIFICATION)
    made.register()
    return made


@pytest.fixture
def web() -> Iterator[OtherServer]:
    """The relying party's own web server."""
    made = OtherServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def self_registered(home: Home, **metadata: Any) -> RelyingParty:
    """By dynamic registration, as each module of a plan does."""
    asked = {
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "ES256",  # the house of the tests makes no RSA key
        **metadata,
    }
    answer = home.client().post("/oauth/register", json=asked)
    assert answer.status_code == 201, answer.text
    told = answer.json or {}
    return RelyingParty(home, told["client_id"], told.get("client_secret", ""), home.client())


def error_of(party: RelyingParty, **asked: str | None) -> str:
    return query_of(party.begin(**asked))["error"]


def unsigned(party: RelyingParty, header: dict[str, Any] | None = None, **changed: Any) -> str:
    claims = {**party.parameters(), **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    parts = [json.dumps(part).encode() for part in (header or {"alg": "none"}, kept)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


# --- off ------------------------------------------------------------------------------------------


@on_sqlite
def test_without_it_nothing_is_relaxed(make_home: MakeHome, web: OtherServer) -> None:
    """Closed unless somebody opens it."""
    home = make_home()
    home.register()
    address = f"{web.url}/object"
    party = relying_party(home, request_uris=[address])
    assert home.client().post("/oauth/register", json={}).status_code in {403, 404}
    assert error_of(party, **WITHOUT_PKCE) == "invalid_request"
    assert error_of(party, request=unsigned(party)) == "invalid_request_object"
    assert error_of(party, request_uri=address) == "request_uri_not_supported"
    assert web.requests == []
    told = home.get("/.well-known/openid-configuration").json or {}
    assert told["request_uri_parameter_supported"] is False
    assert "require_request_uri_registration" not in told
    assert "registration_endpoint" not in told
    assert "none" not in told["request_object_signing_alg_values_supported"]


@on_sqlite
def test_what_it_let_in_is_held_to_the_rules_when_it_is_over(make_home: MakeHome) -> None:
    """A registration from then keeps no privilege."""
    party = self_registered(make_home(**CERTIFICATION), request_object_signing_alg="none")
    after = make_home()
    after.register()
    party = RelyingParty(after, party.client_id, party.secret, after.client())
    asked: dict[str, str | None]
    for asked, error in (
        (WITHOUT_PKCE, "invalid_request"),
        ({"request": unsigned(party)}, "invalid_request_object"),
    ):
        answer = party.begin(**asked)
        assert answer.status_code == 400  # a page: nobody vouches for its address
        assert f"error={error}&" in answer.text
    assert "code" in party.authorize()
    assert "error=consent_required&" in party.begin(prompt="none").text


# --- the Basic OP plan ----------------------------------------------------------------------------


def test_a_confidential_client_needs_no_pkce(relaxed: Home) -> None:
    """Its modules send none. Who sends it is held to it; a public client has to."""
    party = self_registered(relaxed)
    told = party.authorize(**WITHOUT_PKCE)
    assert party.redeem(told["code"], code_verifier=None).status_code == 200
    held = party.authorize()
    assert party.redeem(held["code"], code_verifier=None).status_code == 400
    public = self_registered(relaxed, token_endpoint_auth_method="none")
    assert error_of(public, **WITHOUT_PKCE) == "invalid_request"


def test_a_yes_to_a_client_that_registered_itself_counts_later(relaxed: Home) -> None:
    """Modules with prompt=none come after one with a consent. A public client asks each time."""
    party = self_registered(relaxed)
    assert error_of(party, prompt="none") == "login_required"
    assert "code" in party.authorize()
    assert "code" in query_of(party.begin(prompt="none"))
    public = self_registered(relaxed, token_endpoint_auth_method="none")
    assert "code" in public.authorize()
    assert error_of(public, prompt="none") == "consent_required"


@on_sqlite
@pytest.mark.parametrize("alg", ["", "none"])
def test_an_unsigned_request_object_is_followed(relaxed: Home, alg: str) -> None:
    """OpenID Connect Core §6.1: what is in it counts, without iss and aud too."""
    party = self_registered(relaxed, request_object_signing_alg=alg)
    told = party.authorize(request=unsigned(party, state="inside"), state="outside")
    assert told["state"] == "inside"
    assert party.redeem(told["code"]).status_code == 200


BAD: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "somebody"},
    "for somebody else": {"aud": "https://elsewhere.example"},
    "another client": {"client_id": "somebody"},
    "expired": {"exp": int(time.time()) - 3600},
    "one within": {"request": "a.b.c"},
    "another alg": {"header": {"alg": "ES256"}},
    "no alg": {"header": {"typ": "JWT"}},
    "alg as a list": {"header": {"alg": ["none"]}},
    "another type": {"header": {"alg": "none", "typ": "dpop+jwt"}},
}


@on_sqlite
@pytest.mark.parametrize("what", BAD)
def test_an_unsigned_object_does_not_contradict_itself(relaxed: Home, what: str) -> None:
    """What it need not say, it may not say wrongly."""
    party = self_registered(relaxed)
    shown = unsigned(party, **{"header": None, **BAD[what]})
    assert error_of(party, request=shown) == "invalid_request_object"


@on_sqlite
@pytest.mark.parametrize(
    "text", [".", "..", "a.", "a.b.", "e30.e30.", "é.é.", "a.b.c.", "." * 9000]
)
def test_what_only_ends_with_a_dot_is_no_object(relaxed: Home, text: str) -> None:
    """Refused, and nothing breaks."""
    assert error_of(self_registered(relaxed), request=text) == "invalid_request_object"


@on_sqlite
@pytest.mark.parametrize(
    "metadata",
    [
        {"request_object_signing_alg": "ES256", "jwks": jwks()},
        {"request_object_signing_alg": "HS256"},
        {"require_signed_request_object": True, "jwks": jwks()},
    ],
)
def test_who_said_how_it_signs_has_to(relaxed: Home, metadata: dict[str, Any]) -> None:
    """RFC 8725 §2.1, the attack: the signature is cut off, and alg says none."""
    party = self_registered(relaxed, **metadata)
    assert error_of(party, request=unsigned(party)) == "invalid_request_object"


# --- the Dynamic OP plan --------------------------------------------------------------------------


@on_sqlite
def test_a_plan_registers_more_clients_than_anybody_else_may(relaxed: Home) -> None:
    """All from one address."""
    for _ in range(25):
        self_registered(relaxed)


@on_sqlite
@pytest.mark.parametrize("version", ["", "#" + "A" * 43])
@pytest.mark.parametrize("alg", ["none", "ES256"])
def test_a_registered_address_is_asked(
    relaxed: Home, web: OtherServer, alg: str, version: str
) -> None:
    """OpenID Connect Core §6.2: unsigned and signed, and with a hash of the content behind it."""
    address = f"{web.url}/object"
    party = self_registered(
        relaxed, request_uris=[address], request_object_signing_alg=alg, jwks=jwks()
    )
    envelope = {"iss": party.client_id, "aud": ISSUER, "exp": int(time.time()) + 60}
    claims = {**party.parameters(state="fetched"), **envelope}
    shown = unsigned(party, **claims) if alg == "none" else signed(claims)
    web.answer = lambda handler: send(handler, 200, shown.encode(), **{"Content-Type": OBJECT})
    told = party.authorize(request_uri=address + version)
    assert told["state"] == "fetched"
    assert party.redeem(told["code"]).status_code == 200
    assert [path for path, _ in web.requests] == ["/object"]


@on_sqlite
@pytest.mark.parametrize("other", ["/other", "/object?x=1", "/object/", "/OBJECT"])
def test_no_other_address_is_asked(relaxed: Home, web: OtherServer, other: str) -> None:
    """The attack is a request that Portero makes for a stranger: exact, or none at all."""
    party = self_registered(relaxed, request_uris=[f"{web.url}/object"])
    assert error_of(party, request_uri=web.url + other) == "invalid_request_uri"
    assert web.requests == []


ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "a redirect": (302, b"", {"Location": "/elsewhere", "Content-Type": OBJECT}),
    "a page": (200, b"<p>", {"Content-Type": "text/html"}),
    "no type": (200, b"a.b.c", {}),
    "an error": (404, b"a.b.c", {"Content-Type": OBJECT}),
    "a megabyte": (200, b"a" * 1_000_000, {"Content-Type": OBJECT}),
    "no ASCII": (200, b"\xff", {"Content-Type": OBJECT}),
}


@on_sqlite
@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_no_request_object_is_refused(relaxed: Home, web: OtherServer, what: str) -> None:
    """Asked once, and no redirect is followed."""
    status, body, headers = ANSWERS[what]
    web.answer = lambda handler: send(handler, status, body, **headers)
    address = f"{web.url}/object"
    party = self_registered(relaxed, request_uris=[address])
    assert error_of(party, request_uri=address) == "invalid_request_uri"
    assert len(web.requests) == 1


@on_sqlite
@pytest.mark.parametrize(
    "address", ["https://10.0.0.1/object", "https://169.254.169.254/latest", "https://[fd00::1]/x"]
)
def test_an_address_inside_is_never_asked(relaxed: Home, address: str) -> None:
    """Server-side request forgery, registered."""
    party = self_registered(relaxed, request_uris=[address])
    assert error_of(party, request_uri=address) == "invalid_request_uri"


@on_sqlite
def test_a_client_that_pushes_does_not_get_around_it(relaxed: Home, web: OtherServer) -> None:
    """RFC 9126 §5: an address of its own is no pushed request."""
    address = f"{web.url}/object"
    party = self_registered(
        relaxed, request_uris=[address], require_pushed_authorization_requests=True
    )
    shown = unsigned(party)
    web.answer = lambda handler: send(handler, 200, shown.encode(), **{"Content-Type": OBJECT})
    assert error_of(party, request_uri=address) == "invalid_request"


@on_sqlite
def test_a_client_may_sign_with_a_new_key_at_once(relaxed: Home, web: OtherServer) -> None:
    """The module that rotates a client's keys does not wait for half a minute."""
    web.answer = lambda handler: send(handler, 200, json.dumps(jwks()).encode())
    client_id = client_of(relaxed, jwks=None, jwks_uri=f"{web.url}/jwks")
    new = json.dumps({"keys": [public_jwk(OTHER_KEY, "two")]}).encode()
    assert ask(relaxed, assertion(client_id)).status_code == 401  # of no key in the set
    web.answer = lambda handler: send(handler, 200, new)
    shown = assertion(client_id, key=OTHER_KEY, header={"kid": "two"})
    assert ask(relaxed, shown).status_code == 200


@on_sqlite
def test_metadata_tells_what_is_taken(relaxed: Home) -> None:
    """The plans read it, and skip what is not offered. The implicit flow stays off."""
    told = relaxed.get("/.well-known/openid-configuration").json or {}
    assert told["request_uri_parameter_supported"] is True
    assert told["require_request_uri_registration"] is True
    assert told["registration_endpoint"] == f"{ISSUER}/oauth/register"
    assert "none" in told["request_object_signing_alg_values_supported"]
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert told["response_types_supported"] == ["code"]
