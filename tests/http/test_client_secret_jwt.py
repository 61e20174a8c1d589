"""client_secret_jwt: a client proves that it knows its secret without sending it (RFC 7523)."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.http.test_client_assertions import KEY, ask, assertion, public_jwk
from tests.support.house import ISSUER, Home
from tests.support.racing import THREADS, at_once, statuses


def client_of(home: Home, **more: Any) -> tuple[str, str]:
    metadata = {
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "reports:read",
        "token_endpoint_auth_method": "client_secret_jwt",
        **more,
    }
    created = home.house.clients.create(Actor.operator(), metadata)
    assert created.secret is not None
    return created.client.client_id, created.secret.reveal()


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token"])
@pytest.mark.parametrize("alg", ["", "HS256"])
def test_a_client_gets_a_token_with_its_secret(home: Home, alg: str, audience: str) -> None:
    """HS256, whether it registered the algorithm or not."""
    client_id, secret = client_of(home, token_endpoint_auth_signing_alg=alg)
    shown = assertion(client_id, key=secret, alg="HS256", aud=audience)
    answer = ask(home, shown)
    assert answer.status_code == 200, answer.text


def test_it_is_good_once(home: Home) -> None:
    """Twenty at once: exactly one token."""
    client_id, secret = client_of(home)
    shown = assertion(client_id, key=secret, alg="HS256")
    assert statuses(at_once(lambda _: ask(home, shown))) == {200: 1, 401: THREADS - 1}


def test_a_rotated_secret_is_dead_at_once(home: Home) -> None:
    """Although the old one was kept open in memory."""
    client_id, old = client_of(home)
    assert ask(home, assertion(client_id, key=old, alg="HS256")).status_code == 200
    rotated = home.house.clients.rotate_secret(Actor.operator(), client_id)
    assert rotated.secret is not None
    assert ask(home, assertion(client_id, key=old, alg="HS256")).status_code == 401
    fresh = assertion(client_id, key=rotated.secret.reveal(), alg="HS256")
    assert ask(home, fresh).status_code == 200


def test_another_clients_secret_is_no_proof(home: Home) -> None:
    """Nor the other client's assertion with this one's name beside it."""
    (one, _), (two, secret) = client_of(home), client_of(home)
    assert ask(home, assertion(one, key=secret, alg="HS256")).status_code == 401
    theirs = assertion(two, key=secret, alg="HS256")
    assert ask(home, theirs, client_id=one).status_code == 401
    mixed = assertion(two, key=secret, alg="HS256", sub=one)
    assert ask(home, mixed).status_code == 401


def test_the_hash_in_the_database_is_no_key(home: Home) -> None:
    """Whoever reads the table can't sign with what is in it."""
    client_id, _ = client_of(home)
    client = home.house.clients.get(client_id)
    for octets in (client.secret_hash, client.secret_sealed):
        assert ask(home, assertion(client_id, key=octets, alg="HS256")).status_code == 401


def test_a_key_is_no_proof_where_a_secret_is_registered(home: Home) -> None:
    """The method is the registration's: a client with a jwks beside its secret signs with the
    secret."""
    client_id, _ = client_of(home, jwks={"keys": [public_jwk(KEY, "one")]})
    assert ask(home, assertion(client_id)).status_code == 401


def test_the_secret_itself_is_not_taken(home: Home) -> None:
    """It was registered so that the secret never travels."""
    client_id, secret = client_of(home)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    client = home.client()
    assert client.post("/oauth/token", data=form).status_code == 401
    basic: TestResponse = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    assert basic.status_code == 401


def test_metadata_tells_of_it(home: Home) -> None:
    """With the algorithm; and no certificates, since nobody could show one here."""
    told: Any = home.get("/.well-known/oauth-authorization-server").json
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        methods = told[f"{name}_auth_methods_supported"]
        assert {"client_secret_jwt", "private_key_jwt"} <= set(methods)
        assert not [method for method in methods if "tls" in method]
        algs = told[f"{name}_auth_signing_alg_values_supported"]
        assert {"HS256", "ES256", "RS256"} <= set(algs)
        assert "none" not in algs
    assert "mtls_endpoint_aliases" not in told
