"""Key sets at a `jwks_uri`, over a real HTTP server that the test changes and counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from portero.core.clients.errors import ClientKeysUnavailable
from portero.core.clients.remote_keys import (
    FAILURE_SECONDS,
    FRESHNESS,
    MAX_BYTES,
    STALE_SECONDS,
    UNKNOWN_KEY_SECONDS,
    RemoteKeys,
)
from portero.outside.http_fetch import HttpFetch
from tests.unit.core.clients.conftest import HandClock
from tests.unit.outside.conftest import OtherServer, send

X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def key(kid: str, **more: str) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": kid, **more}


class Publisher:
    """A client's own web server. `asked` counts."""

    def __init__(self, other: OtherServer) -> None:
        self.other = other
        self.uri = f"{other.url}/jwks"
        self.publish(key("one"))

    @property
    def asked(self) -> int:
        return len(self.other.requests)

    def publish(self, *keys: dict[str, str], **headers: str) -> None:
        self.say(200, json.dumps({"keys": keys}).encode(), **headers)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.other.answer = lambda handler: send(handler, status, body, **named)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = OtherServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Publisher(made)
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def keys(clock: HandClock) -> RemoteKeys:
    return RemoteKeys(HttpFetch(allow_loopback=True), clock)


def kids(jwks: Any) -> list[str]:
    return [each["kid"] for each in jwks["keys"]]


def test_a_set_is_asked_for_once(keys: RemoteKeys, publisher: Publisher) -> None:
    """And then answered from memory."""
    for _ in range(3):
        assert kids(keys.jwks_at(publisher.uri, kid="one")) == ["one"]
    assert publisher.asked == 1


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", FRESHNESS.usual),
        ("public, max-age=600", 600),
        ("max-age=1", FRESHNESS.least),
        ("no-store", FRESHNESS.least),
        ("max-age=999999999", FRESHNESS.most),
        ("s-max-age=7, x-max-age=9", FRESHNESS.usual),
    ],
)
def test_its_age_is_the_publishers_within_our_bounds(
    keys: RemoteKeys,
    publisher: Publisher,
    clock: HandClock,
    cache_control: str,
    seconds: float,
) -> None:
    """Neither a fetch for each request, nor a withdrawn key for a year."""
    publisher.publish(key("one"), Cache_Control=cache_control)
    keys.jwks_at(publisher.uri)
    clock.move(seconds - 1)
    keys.jwks_at(publisher.uri)
    assert publisher.asked == 1
    publisher.publish(key("two"))
    clock.move(2)
    assert kids(keys.jwks_at(publisher.uri)) == ["two"]


def test_an_unknown_key_asks_again_and_not_for_each_request(
    keys: RemoteKeys, publisher: Publisher, clock: HandClock
) -> None:
    """The attack: a new kid in each assertion, so that Portero floods a third party."""
    keys.jwks_at(publisher.uri, kid="one")
    for number in range(20):
        keys.jwks_at(publisher.uri, kid=f"made-up-{number}")
    assert publisher.asked == 1
    publisher.publish(key("one"), key("two"))
    clock.move(UNKNOWN_KEY_SECONDS + 1)
    assert kids(keys.jwks_at(publisher.uri, kid="two")) == ["one", "two"]
    for number in range(20):
        keys.jwks_at(publisher.uri, kid=f"made-up-{number}")
    assert publisher.asked == 2


@pytest.mark.parametrize("kid", [7, ["one"], {"a": 1}, ""])
def test_a_kid_may_be_anything(keys: RemoteKeys, publisher: Publisher, kid: object) -> None:
    """It is unverified: no type of it may crash the server."""
    assert kids(keys.jwks_at(publisher.uri, kid=kid)) == ["one"]


def test_many_at_once_ask_once(keys: RemoteKeys, publisher: Publisher) -> None:
    """Single flight; who finds no room to wait is told to come again, and holds no thread."""
    arrived, go = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        go.wait(5)
        send(handler, 200, json.dumps({"keys": [key("one")]}).encode())

    publisher.other.answer = slow
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(keys.jwks_at, publisher.uri)
        assert arrived.wait(5)
        others = [pool.submit(keys.jwks_at, publisher.uri) for _ in range(19)]
        refused = [each for each in others if isinstance(_early(each), ClientKeysUnavailable)]
        go.set()
        assert kids(first.result()) == ["one"]
        served = [each for each in others if each not in refused]
        assert all(kids(each.result()) == ["one"] for each in served)
    assert publisher.asked == 1
    assert (len(refused), len(served)) == (12, 7)


def _early(future: Any) -> BaseException | None:
    """What it raised before the server answered; None while it waits."""
    try:
        raised: BaseException | None = future.exception(0.2)
    except TimeoutError:
        return None
    return raised


def test_who_has_keys_does_not_wait(
    keys: RemoteKeys, publisher: Publisher, clock: HandClock
) -> None:
    """While one thread renews an old set, the others go on with it."""
    keys.jwks_at(publisher.uri)
    clock.move(FRESHNESS.usual + 1)
    arrived, go = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        go.wait(5)
        send(handler, 200, json.dumps({"keys": [key("two")]}).encode())

    publisher.other.answer = slow
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(keys.jwks_at, publisher.uri)
        assert arrived.wait(5)
        assert kids(keys.jwks_at(publisher.uri)) == ["one"]
        go.set()
        assert kids(renewing.result()) == ["two"]


BAD = {
    "an error": (500, b"{}"),
    "a redirect": (302, b""),
    "no JSON": (200, b"<html>"),
    "deep JSON": (200, b"[" * 50_000),
    "no keys": (200, b'{"keys": []}'),
    "a private key": (200, json.dumps({"keys": [key("one", d=X)]}).encode()),
    "a symmetric key": (200, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'),
    "too much": (200, b" " * (MAX_BYTES + 1)),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_key_set_is_a_failure_and_remembered(
    keys: RemoteKeys, publisher: Publisher, clock: HandClock, what: str
) -> None:
    """The same rules as for keys that are registered by value, and no request for each try."""
    publisher.say(*BAD[what])
    for _ in range(5):
        with pytest.raises(ClientKeysUnavailable) as refusal:
            keys.jwks_at(publisher.uri, kid="one")
    assert refusal.value.retry_after_seconds
    assert publisher.asked == 1
    publisher.publish(key("one"))
    clock.move(FAILURE_SECONDS + 1)
    assert kids(keys.jwks_at(publisher.uri, kid="one")) == ["one"]


def test_old_keys_bridge_a_failure_for_a_while(
    keys: RemoteKeys, publisher: Publisher, clock: HandClock
) -> None:
    """Not for ever: whoever can silence the URI could keep a withdrawn key alive."""
    keys.jwks_at(publisher.uri)
    publisher.say(503, b"")
    clock.move(FRESHNESS.usual + STALE_SECONDS - 1)
    assert kids(keys.jwks_at(publisher.uri)) == ["one"]
    clock.move(2)
    with pytest.raises(ClientKeysUnavailable):
        keys.jwks_at(publisher.uri)


def test_it_leads_nowhere_private(publisher: Publisher, clock: HandClock) -> None:
    """SSRF: a jwks_uri on this machine, outside of development."""
    with pytest.raises(ClientKeysUnavailable):
        RemoteKeys(HttpFetch(), clock).jwks_at(publisher.uri)
    assert publisher.asked == 0


def test_memory_is_bounded(publisher: Publisher, clock: HandClock) -> None:
    """The URI that came first is forgotten first."""
    keys = RemoteKeys(HttpFetch(allow_loopback=True), clock, capacity=2)
    for name in ("a", "b", "c"):
        keys.jwks_at(f"{publisher.uri}/{name}")
    keys.jwks_at(f"{publisher.uri}/c")
    assert publisher.asked == 3
    keys.jwks_at(f"{publisher.uri}/a")
    assert publisher.asked == 4
