"""private_key_jwt: a client proves itself with its own key, once for each assertion (RFC 7523)."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE
from tests.support.house import ISSUER, Home
from tests.support.racing import THREADS, at_once, statuses

pytestmark = pytest.mark.sqlite_alone


KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


def client_of(home: Home, **more: Any) -> str:
    metadata = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [public_jwk(KEY, "one")]},
        **more,
    }
    return home.house.clients.create(Actor.operator(), metadata).client.client_id


def assertion(client_id: str, *, key: Any = KEY, alg: str = "ES256", **changed: Any) -> str:
    """A good assertion, but for what is changed; a claim of None is left out."""
    header = {"kid": "one", **changed.pop("header", {})}
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": f"{time.time_ns()}",
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=alg, headers=header)


def ask(home: Home, shown: str, **more: str) -> TestResponse:
    form = {
        "grant_type": "client_credentials",
        "client_assertion": shown,
        "client_assertion_type": ASSERTION_TYPE,
        **more,
    }
    return home.client().post("/oauth/token", data=form)


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", [ISSUER]])
def test_a_client_gets_a_token_with_its_own_key(home: Home, audience: Any) -> None:
    """The audience is the issuer, or the token endpoint as most libraries have it."""
    client_id = client_of(home)
    answer = ask(home, assertion(client_id, aud=audience))
    assert answer.status_code == 200, answer.text


@pytest.mark.each_case_on_each_database
def test_an_assertion_is_good_once(home: Home) -> None:
    """Twenty at once: exactly one token; and none later."""
    shown = assertion(client_of(home))
    assert statuses(at_once(lambda _: ask(home, shown))) == {200: 1, 401: THREADS - 1}
    assert ask(home, shown).status_code == 401


def test_two_clients_may_choose_one_jti(home: Home) -> None:
    """A stranger's jti must not spend another client's."""
    one, two = client_of(home), client_of(home)
    assert ask(home, assertion(one, jti="same")).status_code == 200
    assert ask(home, assertion(two, jti="same")).status_code == 200


BAD: dict[str, dict[str, Any]] = {
    "another key": {"key": OTHER_KEY},
    "another server": {"aud": "https://elsewhere.example"},
    "expired": {"exp": 1},
    "lives for a day": {"exp": int(time.time()) + 86_400},
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_with_it_is_one_and_the_same_answer(home: Home, what: str) -> None:
    """invalid_client, whatever the reason; the reason is in the log."""
    answer = ask(home, assertion(client_of(home), **BAD[what]))
    assert answer.status_code == 401
    assert answer.json == {
        "error": "invalid_client",
        "error_description": "Client authentication failed.",
    }


def test_a_client_with_a_key_has_no_other_way(home: Home) -> None:
    """No secret, no nothing; and an assertion beside a secret is two ways at once."""
    client_id = client_of(home)
    form = {"grant_type": "client_credentials", "client_id": client_id}
    assert home.client().post("/oauth/token", data=form).status_code == 401
    secret = {**form, "client_secret": "x"}
    assert home.client().post("/oauth/token", data=secret).status_code == 401
    both = ask(home, assertion(client_id), client_secret="x")
    assert (both.status_code, both.json and both.json["error"]) == (400, "invalid_request")
    another = ask(home, assertion(client_id), client_id="somebody")
    assert another.status_code == 401


def test_a_fapi_client_names_the_issuer_alone(home: Home) -> None:
    """FAPI 2.0 §5.3.2.1: the token endpoint's URL is not enough."""
    client_id = client_of(home, profile="fapi2", grant_types=["client_credentials"])
    endpoint = ask(home, assertion(client_id, aud=f"{ISSUER}/oauth/token"))
    assert endpoint.status_code == 401
    proven = ask(home, assertion(client_id))
    # It is proven, whatever else it may still owe (the key that its tokens are bound to).
    assert not proven.json or proven.json.get("error") != "invalid_client"
