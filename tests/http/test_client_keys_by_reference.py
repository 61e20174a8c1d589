"""private_key_jwt with keys at a jwks_uri, served by a real web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.test_client_assertions import KEY, OTHER_KEY, ask, assertion, client_of, public_jwk
from tests.support.house import Home
from tests.unit.outside.conftest import OtherServer, send


@pytest.fixture
def publisher() -> Iterator[OtherServer]:
    made = OtherServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    publish(made, public_jwk(KEY, "one"))
    yield made
    made.server.shutdown()
    made.server.server_close()


def publish(publisher: OtherServer, *keys: dict[str, Any]) -> None:
    body = json.dumps({"keys": keys}).encode()
    publisher.answer = lambda handler: send(handler, 200, body)


def remote_client(home: Home, publisher: OtherServer, **more: Any) -> str:
    return client_of(home, jwks=None, jwks_uri=f"{publisher.url}/jwks", **more)


def test_a_client_gets_a_token_with_a_published_key(home: Home, publisher: OtherServer) -> None:
    """The set is asked for once for all of its requests."""
    client_id = remote_client(home, publisher)
    for _ in range(3):
        answer = ask(home, assertion(client_id))
        assert answer.status_code == 200, answer.text
    assert [path for path, _ in publisher.requests] == ["/jwks"]


def test_a_kid_that_points_nowhere_is_no_key(home: Home, publisher: OtherServer) -> None:
    """And asks the client's server no more than once."""
    client_id = remote_client(home, publisher)
    for number in range(5):
        shown = assertion(client_id, header={"kid": f"../{number}"})
        assert ask(home, shown).status_code == 401
    assert len(publisher.requests) == 1


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_a_url_in_the_token_is_never_fetched(home: Home, publisher: OtherServer, name: str) -> None:
    """CVE-2018-0114 and its kin: the attacker's keys, at the attacker's address."""
    publish(publisher, public_jwk(OTHER_KEY, "one"))
    shown = assertion(client_of(home), key=OTHER_KEY, header={name: f"{publisher.url}/jwks"})
    assert ask(home, shown).status_code == 401
    assert publisher.requests == []


def test_a_key_in_the_token_is_never_used(home: Home, publisher: OtherServer) -> None:
    """`jwk` in the header: the same attack with no fetch."""
    header = {"jwk": public_jwk(OTHER_KEY, "one")}
    for client_id in (client_of(home), remote_client(home, publisher)):
        assert ask(home, assertion(client_id, key=OTHER_KEY, header=header)).status_code == 401


def test_a_server_that_does_not_answer_is_a_pause_and_no_failure(
    home: Home, publisher: OtherServer
) -> None:
    """503 with Retry-After: the client did nothing wrong, and is not counted among guessers."""
    publisher.answer = lambda handler: send(handler, 500, b"")
    answer = ask(home, assertion(remote_client(home, publisher)))
    assert (answer.status_code, answer.json and answer.json["error"]) == (
        503,
        "temporarily_unavailable",
    )
    assert int(answer.headers["Retry-After"]) > 0


def test_keys_for_encryption_do_not_disturb(home: Home, publisher: OtherServer) -> None:
    """A set may hold keys of other kinds and uses; a key that is for encryption signs nothing."""
    x25519 = {"kty": "OKP", "crv": "X25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    for_encryption = {**public_jwk(OTHER_KEY, "two"), "use": "enc"}
    publish(publisher, x25519, for_encryption, public_jwk(KEY, "one"))
    client_id = remote_client(home, publisher)
    assert ask(home, assertion(client_id)).status_code == 200
    wrong_use = assertion(client_id, key=OTHER_KEY, header={"kid": "two"})
    assert ask(home, wrong_use).status_code == 401
