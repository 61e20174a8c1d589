"""What a client signs with its secret (HS256): request objects, and ID tokens that come back as
hints. The secret is the client's alone, so nothing that it signs counts for anybody else."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portero.core.audit import Actor
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from tests.http.test_client_assertions import KEY, public_jwk
from tests.http.test_logout import AFTER, is_question, is_refused, log_out, sessions_of
from tests.support.house import ISSUER, Home
from tests.support.relying_party import RelyingParty, claims_of, query_of, relying_party

pytestmark = pytest.mark.sqlite_alone


def mac_signed(claims: dict[str, Any], key: bytes, **header: Any) -> str:
    """By hand: PyJWT would refuse the attacks that are made here."""
    head = base64url(json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode())
    signing_input = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{signing_input}.{base64url(hmac.digest(key, signing_input.encode(), 'sha256'))}"


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def request_object(party: RelyingParty, key: bytes, **changed: Any) -> str:
    now = int(time.time())
    envelope = {"iss": party.client_id, "aud": ISSUER, "iat": now, "exp": now + 60}
    return mac_signed({**party.parameters(), **envelope, **changed}, key)


def hmac_party(home: Home, **metadata: Any) -> RelyingParty:
    return relying_party(home, request_object_signing_alg="HS256", **metadata)


def test_a_request_signed_with_the_secret_is_followed(home: Home) -> None:
    """OpenID Connect Core §6.1, by value, and only what is inside counts."""
    home.register()
    party = hmac_party(home)
    signed = request_object(party, party.secret.encode(), state="inside")
    answer = party.walk(
        party.browser.get(
            "/oauth/authorize",
            query_string={"client_id": party.client_id, "request": signed, "state": "outside"},
        )
    )
    told = query_of(answer)
    assert told["state"] == "inside"
    assert party.redeem(told["code"]).status_code == 200


@pytest.mark.parametrize("key", ["wrong", "empty", "hash", "another client's", "rotated"])
def test_any_other_octets_sign_nothing(home: Home, key: str) -> None:
    """The secret and nothing else: not what lies in the database, nor the one before."""
    party, other = hmac_party(home), hmac_party(home)
    octets = {
        "wrong": b"w" * 43,
        "empty": b"",
        "hash": home.house.clients.get(party.client_id).secret_hash.encode(),
        "another client's": other.secret.encode(),
        "rotated": party.secret.encode(),
    }[key]
    if key == "rotated":
        good = party.begin(request=request_object(party, octets))
        assert good.location.startswith("/sign-in")  # and the secret is open in memory
        home.house.clients.rotate_secret(Actor.operator(), party.client_id)
    told = query_of(party.begin(request=request_object(party, octets)))
    assert told["error"] == "invalid_request_object"


def test_a_public_key_is_no_secret(home: Home) -> None:
    """RFC 8725 §2.1, the attack: HMAC with the octets of a key that everybody may have."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    party = relying_party(home)
    told = query_of(party.begin(request=request_object(party, pem)))
    assert told["error"] == "invalid_request_object"


def test_only_who_registered_it_may_sign_with_its_secret(home: Home) -> None:
    """The secret of every other client is known by its hash alone."""
    party = relying_party(home)
    told = query_of(party.begin(request=request_object(party, party.secret.encode())))
    assert told["error"] == "invalid_request_object"


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "none"},
        {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [public_jwk(KEY, "one")]},
        },
        {"profile": "fapi2"},
    ],
)
def test_it_needs_a_secret_and_no_profile_that_forbids_it(
    home: Home, metadata: dict[str, Any]
) -> None:
    """Without a secret the key would be empty; FAPI 2.0 §5.4.1 knows no HMAC."""
    with pytest.raises(InvalidClientMetadata) as refusal:
        hmac_party(home, **metadata)
    assert "request_object_signing_alg" in {fault.name for fault in refusal.value.faults}


def test_a_client_that_signs_always_needs_no_key_for_it(home: Home) -> None:
    """Its secret is the key."""
    party = hmac_party(home, require_signed_request_object=True)
    assert query_of(party.begin())["error"] == "invalid_request"
    signed = request_object(party, party.secret.encode())
    assert party.begin(request=signed).location.startswith("/sign-in")


# --- ID tokens as hints ------------------------------------------------------------------------


def secret_signed_in(home: Home) -> tuple[RelyingParty, str]:
    """An application whose ID tokens are signed with its secret, and one of them."""
    home.register()
    party = relying_party(
        home, id_token_signed_response_alg="HS256", post_logout_redirect_uris=[AFTER]
    )
    return party, party.sign_in()["id_token"]


def test_a_hint_with_the_clients_own_mac_says_who_is_meant(home: Home) -> None:
    """OpenID Connect Core §3.1.2.1: the same person is let through without a question, another
    person's token is not."""
    party, hint = secret_signed_in(home)
    assert "code" in query_of(party.begin(prompt="none", id_token_hint=hint))
    claims = {**claims_of(hint), "sub": "somebody-else"}
    other = mac_signed(claims, party.secret.encode())
    told = query_of(party.begin(prompt="none", id_token_hint=other))
    assert told["error"] == "login_required"


@pytest.mark.parametrize("attack", ["wrong key", "of another client", "by its key", "another aud"])
def test_a_hint_that_the_client_could_not_have_had_is_refused(home: Home, attack: str) -> None:
    """Nobody else's secret counts, nor a client's that gets its ID tokens signed by our keys, nor
    an audience that is not the client."""
    party, hint = secret_signed_in(home)
    keyed = relying_party(home)
    named, claims, key = {
        "wrong key": (party, claims_of(hint), b"w" * 43),
        "of another client": (keyed, claims_of(hint), party.secret.encode()),
        "by its key": (keyed, {**claims_of(hint), "aud": keyed.client_id}, keyed.secret.encode()),
        "another aud": (party, {**claims_of(hint), "aud": "x"}, party.secret.encode()),
    }[attack]
    told = query_of(named.begin(prompt="none", id_token_hint=mac_signed(claims, key)))
    assert told["error"] == "invalid_request"


@pytest.mark.parametrize("alg", [{}, ["HS256"], 1, None])
def test_a_hint_whose_algorithm_is_no_text_is_refused(home: Home, alg: Any) -> None:
    """Anybody can send one, signed by nobody: it must not break the page."""
    party, hint = secret_signed_in(home)
    head = base64url(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    made = f"{head}.{hint.partition('.')[2]}"
    told = query_of(party.begin(prompt="none", id_token_hint=made))
    assert told["error"] == "invalid_request"
    asked = {"client_id": party.client_id, "post_logout_redirect_uri": AFTER}
    assert is_question(log_out(party, id_token_hint=made, **asked))


def test_the_client_that_is_named_signs_its_person_out(home: Home) -> None:
    """RP-Initiated Logout §2: client_id says whose secret it was."""
    party, hint = secret_signed_in(home)
    asked = {"client_id": party.client_id, "post_logout_redirect_uri": AFTER}
    assert log_out(party, id_token_hint=hint, **asked).location == AFTER
    assert sessions_of(home) == 0


def test_without_a_client_id_the_person_is_asked(home: Home) -> None:
    """Whose secret would it be? What the token itself says was not checked yet."""
    party, hint = secret_signed_in(home)
    assert is_question(log_out(party, id_token_hint=hint))
    assert sessions_of(home) == 1


def test_a_client_signs_for_no_other_client(home: Home) -> None:
    """The attack: it makes a hint for an application whose address it wants, or under its name."""
    party, hint = secret_signed_in(home)
    other = relying_party(home, post_logout_redirect_uris=["https://other.example/bye"])
    forged = mac_signed({**claims_of(hint), "aud": other.client_id}, party.secret.encode())
    assert is_refused(log_out(party, id_token_hint=forged, client_id=party.client_id))
    assert is_question(log_out(party, id_token_hint=forged, client_id=other.client_id))
    assert sessions_of(home) == 1
