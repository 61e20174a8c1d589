"""JWT bearer grants (RFC 7523 §2.1): a trusted issuer names an account, once, for a client."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from tests.support.house import ISSUER, Home, MakeHome, basic
from tests.support.racing import THREADS, at_once, statuses
from tests.support.relying_party import claims_of

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TRUSTED = "https://hr.example"
KEY, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
API = "https://orders.example/api"

Make = Callable[..., Home]


def trusting(folder: Path) -> dict[str, str]:
    """The setting that makes a house trust the issuer."""
    public = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "one", "alg": "ES256"}
    path = folder / "trusted.json"
    path.write_text(json.dumps({"keys": [public]}))
    return {"PORTERO_ASSERTION_ISSUERS": f"{TRUSTED}={path}"}


@pytest.fixture
def make(make_home: MakeHome, tmp_path: Path) -> Make:
    """A house that trusts one issuer, with ana in it."""

    def made(**settings: str) -> Home:
        home = make_home(PORTERO_RESOURCES=API, **trusting(tmp_path), **settings)
        home.create("ana", "ana@example.org")
        return home

    return made


@pytest.fixture
def home(make: Make) -> Home:
    return make()


def client_of(home: Home, **more: Any) -> tuple[str, str]:
    metadata = {
        "client_name": "Payroll",
        "grant_types": [GRANT],
        "response_types": [],
        "scope": "orders:read orders:write offline_access",
        "default_resource": API,
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    return created.client.client_id, created.secret.reveal() if created.secret else ""


def assertion(home: Home, *, key: Any = KEY, typ: str = "JWT", **changed: Any) -> str:
    now = int(home.clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": TRUSTED,
        "sub": "ana",
        "aud": ISSUER,
        "jti": secrets.token_hex(16),
        "iat": now,
        "exp": now + 60,
        **changed,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "one", "typ": typ})


def ask(home: Home, client: tuple[str, str], made: str, **form: str) -> TestResponse:
    sent = {"grant_type": GRANT, "assertion": made, **form}
    if client[1]:
        return home.client().post("/oauth/token", data=sent, headers=basic(*client))
    return home.client().post("/oauth/token", data={"client_id": client[0], **sent})


def error_of(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def ana_id(home: Home) -> str:
    return home.house.rooms.accounts.get_by_name("ana").id


def test_a_trusted_issuer_names_an_account(home: Home) -> None:
    """By username or by id; a token for the client's API, which says nothing of a sign-in."""
    client = client_of(home)
    for subject in ("ana", "ANA", ana_id(home)):
        answer = ask(home, client, assertion(home, sub=subject, jti=f"j {subject}"))
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        claims = claims_of(told["access_token"])
        assert (claims["sub"], claims["aud"]) == (ana_id(home), API)
        assert told["scope"] == "orders:read orders:write"
        assert not {"refresh_token", "id_token"} & set(told)
        assert not {"auth_time", "acr", "amr", "sid"} & set(claims)


def test_scope_is_what_was_asked_for_of_what_is_registered(home: Home) -> None:
    """Less is less; unknown scopes are nothing, and a connection for ever is not to be had."""
    client = client_of(home)
    less = ask(home, client, assertion(home, jti="a"), scope="orders:read offline_access")
    assert less.get_json()["scope"] == "orders:read"
    assert error_of(ask(home, client, assertion(home, jti="b"), scope="admin")) == "invalid_scope"


BAD: dict[str, dict[str, Any]] = {
    "an issuer that nobody trusts": {"iss": "https://evil.example"},
    "the client itself": {"iss": "portero"},
    "a stranger's key": {"key": STRANGER},
    "nobody": {"sub": "nobody"},
    "a mail address": {"sub": "ana@example.org"},
    "an end far away": {"exp": 9_000_000_000},
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_assertion_is_no_grant(home: Home, what: str) -> None:
    """RFC 7523 §3.1: invalid_grant, whatever is wrong."""
    made = assertion(home, **BAD[what])
    assert error_of(ask(home, client_of(home), made)) == "invalid_grant"


def test_no_assertion_is_no_request(home: Home) -> None:
    """Left out, which is told from a bad one."""
    assert error_of(ask(home, client_of(home), "")) == "invalid_request"


@pytest.mark.parametrize("subject", ["\ud800", "a\x00b", "ana\x00"])
def test_a_subject_that_no_database_takes_is_nobody(home: Home, subject: str) -> None:
    """JSON can write half a character and a NUL: a refusal, and no error of ours."""
    assert error_of(ask(home, client_of(home), assertion(home, sub=subject))) == "invalid_grant"


def test_the_token_endpoint_may_be_the_audience(home: Home) -> None:
    """RFC 7523 §3: most libraries say so."""
    answer = ask(home, client_of(home), assertion(home, aud=f"{ISSUER}/oauth/token"))
    assert answer.status_code == 200


def test_an_assertion_is_good_once(home: Home) -> None:
    """For whichever client shows it first; also when it named nobody."""
    made = assertion(home)
    assert ask(home, client_of(home), made).status_code == 200
    assert error_of(ask(home, client_of(home), made)) == "invalid_grant"


def test_only_registered_and_proven_clients(home: Home) -> None:
    """A found assertion is worth nothing without a client that can prove itself."""
    for client in (
        client_of(home, grant_types=["client_credentials"]),
        client_of(home, token_endpoint_auth_method="none"),
    ):
        assert error_of(ask(home, client, assertion(home))) == "unauthorized_client"


def test_the_token_ends_with_the_account(home: Home) -> None:
    """And nobody can be named who is disabled."""
    client = client_of(home)
    token = ask(home, client, assertion(home, jti="a")).get_json()["access_token"]

    def introspected() -> Any:
        form = {"token": token}
        return home.client().post("/oauth/introspect", data=form, headers=basic(*client)).json

    assert introspected()["active"] is True
    home.clock.let_pass(seconds=2)
    home.house.rooms.account_admin.disable(Actor.operator(), ana_id(home))
    assert introspected() == {"active": False}
    assert error_of(ask(home, client, assertion(home, jti="b"))) == "invalid_grant"


def test_nobody_is_named_who_is_about_to_be_deleted(home: Home) -> None:
    """Their owner is asked first whether the account stays."""
    client = client_of(home)
    token = ask(home, client, assertion(home, jti="a")).get_json()["access_token"]
    home.clock.let_pass(seconds=2)
    home.house.rooms.account_admin.leave(Actor.operator(), ana_id(home))
    form = {"token": token}
    told = home.client().post("/oauth/introspect", data=form, headers=basic(*client)).json
    assert told == {"active": False}
    assert error_of(ask(home, client, assertion(home, jti="b"))) == "invalid_grant"


def test_it_is_offered_only_where_somebody_is_trusted(make_home: MakeHome, home: Home) -> None:
    """Discovery, registration and the endpoint agree; one that registered when it was offered is
    refused when it is not any more."""
    without = make_home()
    for house, offered in ((home, True), (without, False)):
        told = house.get("/.well-known/oauth-authorization-server").get_json()
        assert (GRANT in told["grant_types_supported"]) is offered
    with pytest.raises(InvalidClientMetadata):
        client_of(without)
    client = client_of(home)
    assert error_of(ask(without, client, assertion(without))) == "unsupported_grant_type"


def test_one_of_twenty_shows_an_assertion_first(make: Make) -> None:
    """One token, however many ask at once."""
    home = make(PORTERO_THREADS="160")
    client, made = client_of(home), assertion(home)
    assert statuses(at_once(lambda _: ask(home, client, made))) == {200: 1, 400: THREADS - 1}
