"""What a client that does not prove itself costs, and what no client is let through with."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.changes import ChangeKind
from portero.core.clients.store import clients
from portero.core.provider.client_auth import CLIENT_AUTH_BY_ADDRESS
from portero.protocol.oauth.client_metadata import to_json
from tests.http.test_client_assertions import RSA_KEY, ask, assertion
from tests.http.test_client_assertions import client_of as key_client_of
from tests.support.house import Home, basic

TRIES = CLIENT_AUTH_BY_ADDRESS.tries


def secret_client(home: Home) -> tuple[str, str]:
    metadata = {"grant_types": ["client_credentials"], "response_types": [], "scope": "a"}
    created = home.house.clients.create(Actor.operator(), metadata)
    assert created.secret is not None
    return created.client.client_id, created.secret.reveal()


def by_header(home: Home, header: str) -> TestResponse:
    return home.client().post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": header},
    )


def of(client_id: str, secret: str) -> str:
    return basic(client_id, secret)["Authorization"]


def failures(home: Home) -> int:
    entries = home.house.audit.list_entries(limit=500)
    return len([entry for entry in entries if entry.kind == "client.auth_failed"])


def test_a_flood_of_failures_is_slowed_and_does_not_fill_the_audit_log(home: Home) -> None:
    """The one that goes over the limit is written down; those after it only get told to wait."""
    client_id, secret = secret_client(home)
    statuses = [by_header(home, of(client_id, "wrong")).status_code for _ in range(TRIES + 10)]
    assert statuses == [401] * TRIES + [429] * 10
    assert failures(home) == TRIES + 1
    # Whoever has the secret is not locked out by somebody behind the same address.
    assert by_header(home, of(client_id, secret)).status_code == 200


@pytest.mark.parametrize("header", ["Basic !!!", "Basic Og==", "Bearer x", "Digest a=b"])
def test_a_malformed_header_counts_too(home: Home, header: str) -> None:
    """Else it would be the way to try without being counted."""
    assert by_header(home, header).status_code == 401
    assert failures(home) == 1


@pytest.mark.parametrize("profile", ["fapi2"])
def test_a_fapi_client_with_a_secret_is_refused_at_each_use(home: Home, profile: str) -> None:
    """Registration refuses it; a row that came another way (an import, a restored backup) is
    refused too."""
    client_id, secret = secret_client(home)
    assert by_header(home, of(client_id, secret)).status_code == 200
    force(home, client_id, profile=profile)
    assert by_header(home, of(client_id, secret)).status_code == 401


def test_a_fapi_client_signs_with_fapi_algorithms(home: Home) -> None:
    """FAPI 2.0 §5.4.1: RS256 is not among them, although the client never named an algorithm."""
    jwk = rsa_jwk()
    client_id = key_client_of(home, token_endpoint_auth_signing_alg="", jwks={"keys": [jwk]})
    shown = {"key": RSA_KEY, "alg": "RS256"}
    assert ask(home, assertion(client_id, **shown)).status_code == 200
    fapi = key_client_of(
        home, token_endpoint_auth_signing_alg="", jwks={"keys": [jwk]}, profile="fapi2"
    )
    assert ask(home, assertion(fapi, **shown)).status_code == 401


def rsa_jwk() -> dict[str, Any]:
    from jwt.algorithms import RSAAlgorithm

    return {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "one"}


def force(home: Home, client_id: str, **changed: Any) -> None:
    """Write what no registration would accept."""
    metadata = to_json(replace(home.house.clients.get(client_id).metadata, **changed))
    home.house.db.write(
        lambda tx: tx.execute(
            clients.update().where(clients.c.client_id == client_id).values(metadata=metadata)
        )
    )
    home.house.feed.apply_now(ChangeKind.CLIENT_CHANGED, client_id, home.clock.now())


def test_the_log_says_why(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The client is told one text for many causes; whoever runs the server is told which it was,
    and no secret."""
    client_id, secret = secret_client(home)
    with caplog.at_level(logging.INFO):
        assert by_header(home, of(client_id, "wrong" + secret)).status_code == 401
    [line] = [each for each in caplog.records if each.name == "portero.web.exchange"]
    assert line.getMessage() == "refused POST /oauth/token: invalid_client"
    assert vars(line)["why"] == "a wrong secret"
    assert secret not in str(vars(line))
