"""One DPoP proof (RFC 9449 §4.3): each rule, and each attack on it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from guard.tests.jwt_corpus.good import b64
from guard.tests.local_issuer import NOW
from guard.tests.proofs import ProvingKey
from portero_guard.dpop import (
    PROOF_AHEAD_SECONDS,
    PROOF_CAP,
    PROOF_SECONDS,
    CheckedProof,
    check_proof,
)
from portero_guard.errors import ProofRefused
from portero_guard.jwk import thumbprint
from portero_guard.replay import SpentProofs

URL = "https://api.example/notes"
KEY, OTHER = ProvingKey(), ProvingKey()
AT = int(NOW.timestamp())


def checked(*lines: str, **expected: Any) -> CheckedProof:
    wanted: dict[str, Any] = {
        "expected_method": "GET",
        "expected_urls": [URL],
        "now": NOW,
    } | expected
    return check_proof(lines, **wanted)


def test_a_good_proof_names_its_key_and_how_long_to_remember_it() -> None:
    """The thumbprint is RFC 7638's; after `expires_at` its age alone refuses the proof."""
    proof = checked(KEY.proof(URL, jti="one", nonce="n-1"))
    assert proof.jkt == KEY.jkt
    assert (proof.jti, proof.nonce) == ("one", "n-1")
    assert proof.expires_at == NOW + timedelta(seconds=PROOF_SECONDS)


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The example of §3.1, an RSA key."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0"
        "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh"
        "AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_each_asymmetric_algorithm_is_known(alg: str) -> None:
    """Those of access tokens, with keys of their kinds."""
    key: Any
    if alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        jwk = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        jwk = dict(RSAAlgorithm.to_jwk(key.public_key(), as_dict=True))
    claims = {"jti": "j", "htm": "GET", "htu": URL, "iat": AT}
    made = jwt.encode(claims, key, algorithm=alg, headers={"typ": "dpop+jwt", "jwk": jwk})
    assert checked(made).jti == "j"


def test_exactly_one_header() -> None:
    """None, two lines, and two that a WSGI server has joined (§4.3 point 1)."""
    one, two = KEY.proof(URL), KEY.proof(URL)
    for lines in ((), (one, two), (f"{one},{two}",), (f"{one}, {one}",), ("",)):
        with pytest.raises(ProofRefused):
            checked(*lines)


BAD_HEADERS: dict[str, dict[str, Any]] = {
    "another kind of key": {"alg": "RS256"},
    "no key": {"jwk": None},
    "a key by name": {"jwk": None, "kid": "k-1"},
    "a key that is text": {"jwk": json.dumps(KEY.jwk())},
    "another key": {"jwk": OTHER.jwk()},
    "a symmetric key": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
    "a private key": {"jwk": KEY.jwk() | {"d": "AAAA"}},
    "a public key with a secret in it": {"jwk": KEY.jwk() | {"k": "AAAA"}},
    "a key for encryption": {"jwk": KEY.jwk() | {"use": "enc"}},
    "a key for another algorithm": {"jwk": KEY.jwk() | {"alg": "EdDSA"}},
    "a point that is on no curve": {"jwk": KEY.jwk() | {"y": KEY.jwk()["x"]}},
    "a key with leading zeros": {"jwk": KEY.jwk() | {"x": "AAAA" + KEY.jwk()["x"]}},
    "another curve": {"jwk": KEY.jwk() | {"crv": "P-384"}},
}


@pytest.mark.parametrize("what", BAD_HEADERS)
def test_headers_that_are_refused(what: str) -> None:
    """Type, algorithm, key and extensions (§4.3 points 4 to 7, RFC 8725)."""
    with pytest.raises(ProofRefused):
        checked(KEY.proof(URL, header=BAD_HEADERS[what]))


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "no method": {"htm": None},
    "another method": {"htm": "POST"},
    "a method in another case": {"htm": "get"},
    "no URL": {"htu": None},
    "a list of URLs": {"htu": [URL]},
    "a path alone": {"htu": "/notes"},
    "another path": {"htu": "https://api.example/notes/"},
    "a path below": {"htu": "https://api.example/notes/7"},
    "another host": {"htu": "https://api.example.evil/notes"},
    "another port": {"htu": "https://api.example:8443/notes"},
    "a port that is none": {"htu": "https://api.example:x/notes"},
    "http for https": {"htu": "http://api.example/notes"},
    "a user in the URL": {"htu": "https://api.example@evil.example/notes"},
    "our host as the user": {"htu": "https://user@api.example/notes"},
    "a space before": {"htu": " https://api.example/notes"},
    "a line break within": {"htu": "https://api.example/no\ntes"},
    "a path with dots": {"htu": "https://api.example/x/../notes"},
    "too old": {"iat": AT - PROOF_SECONDS - 1},
    "from the future": {"iat": AT + PROOF_AHEAD_SECONDS + 1},
    "a nonce that is a number": {"nonce": 5},
    "an empty nonce": {"nonce": ""},
    "a nonce of half a character": {"nonce": "\ud800"},
    "a nonce of 300 characters": {"nonce": "x" * 300},
}


@pytest.mark.parametrize("what", BAD_CLAIMS)
def test_claims_that_are_refused(what: str) -> None:
    """For another request, for another time, or malformed (§4.3 points 3 and 8 to 11)."""
    with pytest.raises(ProofRefused):
        checked(KEY.proof(URL, **BAD_CLAIMS[what]))


@pytest.mark.parametrize("iat", [AT, AT - PROOF_SECONDS, AT + PROOF_AHEAD_SECONDS, AT - 0.5])
def test_a_clock_may_be_a_little_wrong(iat: float) -> None:
    """The window's edges are in it."""
    assert checked(KEY.proof(URL, iat=iat))


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://API.example/notes",
        "https://api.example:443/notes",
        "https://api.example/notes?page=2",
        "https://api.example/notes#top",
        "https://api.example/n%6ftes",
    ],
)
def test_one_place_has_several_spellings(htu: str) -> None:
    """Without query and fragment, normalised (§4.3 point 9, RFC 3986 §6.2)."""
    assert checked(KEY.proof(htu))


def test_no_path_is_the_root() -> None:
    """RFC 3986 §6.2.3."""
    assert checked(KEY.proof("https://api.example"), expected_urls=["https://api.example/"])


def test_a_proof_is_for_one_token() -> None:
    """§4.3 point 12: a proof that was captured does not serve another token of the same key."""
    proof = KEY.proof(URL, token="one")
    assert checked(proof, expected_token="one")
    for made in (proof, KEY.proof(URL), KEY.proof(URL, ath="")):
        with pytest.raises(ProofRefused):
            checked(made, expected_token="two")


def test_a_changed_proof_is_refused() -> None:
    """The signature covers every claim."""
    first, second, signature = KEY.proof(URL, method="POST").split(".")
    claims = json.dumps({"jti": "j", "htm": "GET", "htu": URL, "iat": AT}).encode()
    for made in (f"{first}.{b64(claims)}.{signature}", f"{first}.{second}.{b64(bytes(64))}"):
        with pytest.raises(ProofRefused):
            checked(made)


def test_a_member_that_occurs_twice_is_refused() -> None:
    """Parsers disagree on which one counts: here none does (RFC 7515 §4)."""
    head = b64(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.jwk()}).encode())
    body = f'{{"jti":"j","htm":"POST","htm":"GET","htu":"{URL}","iat":{AT}}}'
    with pytest.raises(ProofRefused):
        checked(KEY.sealed(head, b64(body.encode())))


def test_the_public_key_is_no_hmac_secret() -> None:
    """RFC 8725 §3.1: HS256 over a key that everybody knows."""
    pem = KEY.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = {"jti": "j", "htm": "GET", "htu": URL, "iat": AT}
    headers = {"typ": "dpop+jwt", "jwk": KEY.jwk()}
    forged = jwt.PyJWS().encode(
        json.dumps(claims).encode(), b64(pem), algorithm="HS256", headers=headers
    )
    with pytest.raises(ProofRefused):
        checked(forged)


def test_what_is_too_large_is_not_even_read() -> None:
    """A long proof, and an RSA key whose exponent would keep us busy for as long as they like."""
    with pytest.raises(ProofRefused):
        checked(KEY.proof(URL, more="x" * PROOF_CAP))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    for change in ({"e": jwk["n"]}, {"n": jwk["n"] * 2}):
        header = {"alg": "RS256", "jwk": {**jwk, **change}}
        with pytest.raises(ProofRefused, match="larger"):
            checked(KEY.proof(URL, header=header))


def test_a_short_rsa_key_is_refused() -> None:
    """NIST SP 800-131A: below 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    claims = {"jti": "j", "htm": "GET", "htu": URL, "iat": AT}
    headers = {"typ": "dpop+jwt", "jwk": dict(jwk)}
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        made = jwt.encode(claims, key, algorithm="RS256", headers=headers)
    with pytest.raises(ProofRefused):
        checked(made)


def test_an_algorithm_may_be_left_out() -> None:
    """The caller's list can only narrow ours."""
    with pytest.raises(ProofRefused):
        checked(KEY.proof(URL), algorithms=("PS256", "HS256"))


@pytest.mark.parametrize("junk", ["a.b", "a.b.c.d", "....", "é.é.é", "e30.e30.AA", "\0" * 9])
def test_what_is_no_proof_at_all(junk: str) -> None:
    """Refused as a proof, and never an error of ours."""
    with pytest.raises(ProofRefused):
        checked(junk)


def proof_named(jti: str, jkt: str = "k", seconds: float = 60) -> CheckedProof:
    return CheckedProof(jkt=jkt, jti=jti, expires_at=NOW + timedelta(seconds=seconds))


def test_a_proof_is_spent_once_for_its_key() -> None:
    """Another client may choose the same jti."""
    spent = SpentProofs()
    assert spent.spend(proof_named("j"), NOW)
    assert not spent.spend(proof_named("j"), NOW)
    assert not spent.spend(proof_named("j"), NOW + timedelta(seconds=60))
    assert spent.spend(proof_named("j", "other"), NOW)


def test_the_memory_of_proofs_is_bounded() -> None:
    """What is too old goes by itself; beyond the capacity the oldest goes."""
    spent = SpentProofs(capacity=2)
    for jti in ("a", "b", "c"):
        assert spent.spend(proof_named(jti), NOW)
    assert not spent.spend(proof_named("c"), NOW)
    assert spent.spend(proof_named("a"), NOW)
    later = NOW + timedelta(seconds=61)
    assert spent.spend(proof_named("d", seconds=200), later)
    assert len(spent._spent) == 1


def test_an_elliptic_key_of_another_curve_is_refused() -> None:
    """Only P-256 has a signature algorithm here."""
    key = ec.generate_private_key(ec.SECP384R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    with pytest.raises(ProofRefused):
        checked(KEY.proof(URL, header={"jwk": jwk}))
