"""Attack: to guess what opens something, knowing many others of its kind (RFC 6749 §10.10)."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from portero.core.provider.opaque.model import PREFIX
from portero.core.provider.par import REQUEST_URI_PREFIX
from tests.http.test_device_flow import begin as begin_on_device
from tests.http.test_device_flow import television
from tests.support.house import Home
from tests.support.relying_party import RelyingParty, relying_party

# A random bit is the same in all of so many once in eight million.
SAMPLES = 24
LEAST_BITS = 128
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def varying_bits(texts: list[str]) -> int:
    """How many bits are not the same in all of them. A counter has few, a time has few."""
    values = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in texts]
    assert len({len(each) for each in values}) == 1
    numbers = [int.from_bytes(each) for each in values]
    seen = 0
    for number in numbers:
        seen |= number ^ numbers[0]
    return seen.bit_count()


def cookie_of(rp: RelyingParty) -> str:
    cookie = rp.browser.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def made(home: Home) -> Iterator[dict[str, str]]:
    """One of each kind, again and again: for one person and one client, as an attacker would."""
    home.register()
    rp, tv = relying_party(home, access_token_format="opaque"), television(home)
    for _ in range(SAMPLES):
        rp.browser = home.client()
        stranger = rp.begin()
        sitting = cookie_of(rp)
        code = rp.authorize()["code"]
        tokens = rp.redeem(code).get_json()
        successor = rp.refresh(tokens["refresh_token"]).get_json()["refresh_token"]
        pushed = rp.ask("/oauth/par", **rp.parameters()).get_json()["request_uri"]
        yield {
            "code": code,
            "access token": tokens["access_token"].removeprefix(PREFIX),
            "refresh token": tokens["refresh_token"],
            "its successor": successor,
            "session": cookie_of(rp),
            "browser": sitting,
            "waiting request": stranger.location.partition("request=")[2],
            "pushed request": pushed.removeprefix(REQUEST_URI_PREFIX),
            "device code": begin_on_device(home, tv)["device_code"],
        }


@on_sqlite
def test_what_opens_something_has_128_random_bits(home: Home) -> None:
    """Each kind by itself, a refresh token's successor too, which is derived."""
    found = list(made(home))
    bits = {kind: varying_bits([each[kind] for each in found]) for kind in found[0]}
    assert {kind: n for kind, n in bits.items() if n < LEAST_BITS} == {}, bits
