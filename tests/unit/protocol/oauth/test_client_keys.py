"""A client's own keys by value."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwk import public_jwk
from portero.protocol.oauth.client_keys import checked_jwks
from portero.protocol.oauth.faults import Unacceptable

EC_KEY: dict[str, Any] = dict(
    public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), kid="a", alg=SigningAlg.ES256)
)


def refusal(value: object) -> str:
    with pytest.raises(Unacceptable) as refused:
        checked_jwks(value)
    return refused.value.code


def test_public_keys_are_kept_without_what_is_unknown() -> None:
    """Only members with a meaning here are stored."""
    assert checked_jwks({"keys": [{**EC_KEY, "note": "\u0000"}], "x": 1}) == {"keys": [EC_KEY]}


def test_keys_of_an_unknown_kind_are_passed_over() -> None:
    """RFC 7517 §5; a set of nothing else is of no use."""
    assert checked_jwks({"keys": [EC_KEY, {"kty": "PQ", "p2": "x"}]}) == {"keys": [EC_KEY]}
    assert refusal({"keys": [{"kty": "PQ"}]}) == "jwks_unusable"
    assert refusal({"keys": []}) == "jwks_unusable"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_private_members_are_refused(member: str) -> None:
    """RFC 7517 §9.2: who sends a private key is told, and it is not stored."""
    assert refusal({"keys": [{**EC_KEY, member: "AA"}]}) == "jwks_private"


def test_symmetric_keys_are_refused() -> None:
    """A shared key is no public key, even without its value."""
    assert refusal({"keys": [{"kty": "oct"}]}) == "jwks_private"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        [],
        {},
        {"keys": {}},
        {"keys": ["x"]},
        {"keys": [EC_KEY] * 21},
        {"keys": [{**EC_KEY, "kid": 1}]},
        {"keys": [{**EC_KEY, "kid": "a\u0000"}]},
        {"keys": [{**EC_KEY, "x5c": "AA"}]},
        {"keys": [{**EC_KEY, "x": EC_KEY["y"]}]},  # a point off the curve (RFC 8725 §3.4)
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]},
    ],
)
def test_malformed_sets_are_refused(value: object) -> None:
    """Whatever can't be loaded fails at registration."""
    assert refusal(value) == "jwks_malformed"


def test_short_rsa_keys_are_refused() -> None:
    """RFC 7518 §3.3."""
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    n = short.public_numbers().n.to_bytes(128, "big")
    jwk = {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(n).rstrip(b"=").decode()}
    assert refusal({"keys": [jwk]}) == "jwks_weak"
