"""What is signed here is what others read."""

from __future__ import annotations

import secrets
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from portero.protocol.jose.algorithms import PrivateKey, SigningAlg
from portero.protocol.jose.jwt import sign, sign_with_secret

CLAIMS = {"sub": "ана", "aud": ["a", "b"], "exp": 4_000_000_000, "nested": {"x": [1.5, None, True]}}


def _key(alg: SigningAlg) -> PrivateKey:
    match alg:
        case SigningAlg.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case SigningAlg.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("alg", list(SigningAlg))
def test_others_read_what_was_signed(alg: SigningAlg) -> None:
    key = _key(alg)
    token = sign(CLAIMS, key=key, kid="k/1", alg=alg, typ="at+jwt")
    assert jwt.get_unverified_header(token) == {"alg": alg.value, "typ": "at+jwt", "kid": "k/1"}
    assert "=" not in token
    read = jwt.decode(token, key.public_key(), algorithms=[alg.value], audience="a")
    assert read == CLAIMS


def test_the_header_is_that_of_its_own_key() -> None:
    """Headers are made once: one key's must not be sent with another's signature."""
    key = _key(SigningAlg.ES256)
    made = [sign({}, key=key, kid=kid, alg=SigningAlg.ES256, typ=typ)
            for kid in ("a", "b") for typ in ("JWT", "at+jwt")]  # fmt: skip
    headers = [jwt.get_unverified_header(token) for token in made]
    assert [(h["kid"], h["typ"]) for h in headers] == [
        ("a", "JWT"), ("a", "at+jwt"), ("b", "JWT"), ("b", "at+jwt"),
    ]  # fmt: skip


def test_a_secret_signs_with_hs256() -> None:
    secret = secrets.token_bytes(32)
    token = sign_with_secret(CLAIMS, secret, typ="JWT")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.decode(token, secret, algorithms=["HS256"], audience="b") == CLAIMS


def test_what_is_no_json_is_not_signed() -> None:
    """NaN and Infinity: half of the readers refuse them, the other half compares them wrongly."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        sign({"exp": float("nan")}, key=_key(SigningAlg.ES256), kid="k", alg=SigningAlg.ES256,
             typ="JWT")  # fmt: skip


@pytest.mark.parametrize(
    "claims", [{"sub": "NaN"}, {"sub": "Infinity", "n": 1.5}, {"sub": "\ud800"}]
)
def test_what_only_looks_like_no_json_is_signed(claims: dict[str, Any]) -> None:
    """Texts that name such numbers, and text that has no UTF-8 (it is escaped)."""
    secret = secrets.token_bytes(32)
    told = sign_with_secret(claims, secret, typ="JWT")
    assert jwt.decode(told, secret, algorithms=["HS256"]) == claims
