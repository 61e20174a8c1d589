"""Request objects (RFC 9101): what a client signed counts, alone; each attack has its test."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from portero.protocol.oauth.errors import InvalidRequest, InvalidRequestObject
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.parameters import Parameters
from portero.protocol.oauth.request_object import algorithms_of, with_request_object

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://id.example"
CLIENT = "notes"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TYP = {"typ": "oauth-authz-req+jwt"}


def public_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": kid}


JWKS = {"keys": [public_jwk(KEY, "one")]}
ENCRYPTION_KEY = {"kty": "OKP", "crv": "X25519", "x": "A" * 43, "kid": "enc"}


def signed(*, key: Any = KEY, alg: str = "ES256", header: Any = None, **changed: Any) -> str:
    """A good request object, but for what is changed; a claim of None is left out."""
    claims = {
        "iss": CLIENT,
        "aud": ISSUER,
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": "https://notes.example/cb",
        "scope": "openid",
        "iat": AT,
        "nbf": AT,
        "exp": AT + 300,
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    named = {"kid": "one", **TYP, **(header or {})}
    # PyJWT's own header says JWT; a typ of None takes it out.
    headers = {name: value for name, value in named.items() if value is not None or name == "typ"}
    return jwt.PyJWS().encode(json.dumps(kept).encode(), key, algorithm=alg, headers=headers)


def resolved(
    unverified: str | None = None,
    *,
    jwks: Any = None,
    client: ClientMetadata | None = None,
    now: datetime = NOW,
    **outer: str,
) -> Parameters:
    sent = {"client_id": CLIENT, **outer} | ({"request": unverified} if unverified else {})
    return with_request_object(
        Parameters({name: (value,) for name, value in sent.items()}),
        client_id=CLIENT,
        client=client or ClientMetadata(),
        jwks=JWKS if jwks is None else jwks,
        expected_issuer=ISSUER,
        now=now,
    )


def refused(unverified: str, **how: Any) -> str:
    with pytest.raises(InvalidRequestObject) as refusal:
        resolved(unverified, **how)
    assert refusal.value.description == "The request object is not valid."
    return refusal.value.detail


def test_the_signed_parameters_come_out_as_if_they_were_sent() -> None:
    """Texts as they are, numbers as text, JSON as JSON text, several resources as several."""
    read = resolved(
        signed(
            max_age=0,
            claims={"id_token": {"acr": {"essential": True}}},
            authorization_details=[{"type": "payment"}],
            resource=["https://a.example", "https://b.example"],
            state="",
        )
    )
    assert read.get("scope") == "openid"
    assert read.get("max_age") == "0"
    assert json.loads(read.require("claims")) == {"id_token": {"acr": {"essential": True}}}
    assert json.loads(read.require("authorization_details")) == [{"type": "payment"}]
    assert read.each("resource") == ("https://a.example", "https://b.example")
    assert "state" not in read


def test_what_the_jwt_says_of_itself_is_no_parameter() -> None:
    """iss, aud and times are the envelope's."""
    read = resolved(signed(jti="one"))
    assert not {"iss", "aud", "exp", "nbf", "iat", "jti", "sub"} & set(read.as_mapping())


def test_only_parameters_inside_count() -> None:
    """RFC 9101 §6.3: what anybody put beside the object is not mixed in, nor fills a gap."""
    read = resolved(
        signed(), scope="openid admin", redirect_uri="https://evil.example/", nonce="mine"
    )
    assert read.get("scope") == "openid"
    assert read.get("redirect_uri") == "https://notes.example/cb"
    assert "nonce" not in read
    assert "request" not in read


def test_without_an_object_the_outer_parameters_count() -> None:
    """And a client that may send them plain is not troubled."""
    assert resolved(scope="openid").get("scope") == "openid"


def test_a_client_that_signs_always_can_not_be_spoken_for_unsigned() -> None:
    """RFC 9101 §10.5: require_signed_request_object."""
    with pytest.raises(InvalidRequest, match="signed request object"):
        resolved(client=ClientMetadata(require_signed_request_object=True), scope="openid")


def test_request_and_request_uri_together_are_refused() -> None:
    """Two requests in one: which counts would be for parsers to disagree on."""
    with pytest.raises(InvalidRequest, match="both"):
        resolved(signed(), request_uri="urn:x")


def test_the_outer_client_is_the_inner_one() -> None:
    """RFC 9101 §5: else one client's consent page would run another's request."""
    with pytest.raises(InvalidRequest, match="another client"):
        resolved(signed(), client_id="other")
    assert "client" in refused(signed(client_id="other"))
    assert "client" in refused(signed(client_id=None))


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "JWT", None])
def test_the_types_that_request_objects_have(typ: str | None) -> None:
    """RFC 9101 §10.8; OpenID Connect's older libraries say JWT or nothing."""
    assert resolved(signed(header={"typ": typ}))


BAD: dict[str, dict[str, Any]] = {
    "signed by another key": {"key": OTHER_KEY},
    "a client assertion's subject": {"sub": CLIENT},
    "a prefix of the issuer": {"aud": ISSUER + ".evil.example"},
    "expired": {"exp": AT - 60},
    "not valid yet": {"nbf": AT + 120},
    "from the future": {"iat": AT + 120},
    "a request within": {"request": "x.y.z"},
    "a request_uri within": {"request_uri": "urn:x"},
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_one_and_the_same_answer(what: str) -> None:
    """invalid_request_object; the reason is for the log."""
    assert refused(signed(**BAD[what]))


def test_another_algorithm_than_the_registered_one_is_refused() -> None:
    """request_object_signing_alg pins it."""
    assert refused(signed(), client=ClientMetadata(request_object_signing_alg="PS256"))
    assert resolved(signed(), client=ClientMetadata(request_object_signing_alg="ES256"))


def test_no_client_gets_none_or_a_weak_profile() -> None:
    """FAPI 2.0 §5.4.1 leaves RS256 out; `none` is never in the list."""
    assert "none" not in algorithms_of(ClientMetadata())
    assert "RS256" not in algorithms_of(ClientMetadata(profile="fapi2"))


def test_a_value_of_an_odd_type_is_not_dropped() -> None:
    """A dropped redirect_uri would mean the registered one; as text it is refused by its reader."""
    read = resolved(signed(redirect_uri=["https://evil.example/"], state=True))
    assert read.get("redirect_uri") == '["https://evil.example/"]'
    assert read.get("state") == "true"


def test_a_second_value_is_no_second_parameter() -> None:
    """A list is several values only where a parameter may repeat."""
    assert resolved(signed(scope=["openid", "admin"])).get("scope") == '["openid","admin"]'


def test_keys_of_other_kinds_in_the_set_do_no_harm() -> None:
    """A key for encryption beside the one for signing, with no kid in the header."""
    keys = {"keys": [ENCRYPTION_KEY, {"kty": "future"}, *JWKS["keys"]]}
    assert resolved(signed(header={"kid": None}), jwks=keys)


def test_two_keys_that_fit_are_not_tried_in_turn() -> None:
    """Without a kid, and with two keys of the kind: ambiguous, so refused."""
    keys = {"keys": [*JWKS["keys"], public_jwk(OTHER_KEY, "two")]}
    assert refused(signed(header={"kid": None}), jwks=keys)
    assert resolved(signed(), jwks=keys)


def test_a_client_without_keys_signs_nothing() -> None:
    """No key, no object: it is not taken unverified."""
    assert refused(signed(), jwks={})


def test_a_client_may_leave_exp_out_unless_all_its_requests_are_signed() -> None:
    """RFC 9101 has it optional; where signing protects, an old object must be worth nothing."""
    assert resolved(signed(exp=None))
    assert refused(signed(exp=None), client=ClientMetadata(require_signed_request_object=True))


@pytest.mark.parametrize(
    "times",
    [
        {"nbf": None},
        {"exp": None},
        {"nbf": AT - 3700, "exp": AT + 60},
        {"nbf": AT, "exp": AT + 3601},
    ],
)
def test_fapi_wants_both_ends_within_an_hour(times: dict[str, Any]) -> None:
    """FAPI 2.0 Message Signing §5.3.1."""
    fapi = ClientMetadata(profile="fapi2")
    assert refused(signed(**times), client=fapi)
    assert resolved(signed(nbf=AT - 1800, exp=AT + 1800), client=fapi)
