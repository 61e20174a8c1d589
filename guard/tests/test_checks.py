"""The attack corpus on JWT access tokens (RFC 8725, RFC 9068), against the pure checks."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from jwt.algorithms import ECAlgorithm, HMACAlgorithm

from guard.tests.local_issuer import AUDIENCE, NOW, SigningKey, claims, token
from portero_guard.checks import (
    CheckedToken,
    PublicKey,
    check_access_token,
    require_acr,
    require_recent,
    require_scopes,
)
from portero_guard.errors import (
    AuthenticationInsufficient,
    Refused,
    ScopeMissing,
    TokenExpired,
    TokenRefused,
)

ISSUER = "https://id.example"
KEY = SigningKey("k-1")


def check(unverified_token: str, *, keys: dict[tuple[str, str], Any] | None = None) -> CheckedToken:
    known: dict[tuple[str, str], PublicKey] = keys or {("k-1", "ES256"): KEY.public}
    return check_access_token(
        unverified_token,
        key_for=lambda kid, alg: known.get((kid, alg)),
        expected_issuer=ISSUER,
        expected_audience=AUDIENCE,
        now=NOW,
    )


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def without(name: str) -> dict[str, Any]:
    return {known: value for known, value in claims(ISSUER).items() if known != name}


def signed_raw(header: str, payload: str) -> str:
    """A genuine ES256 signature over exactly these two JSON texts."""
    signing_input = f"{b64(header.encode())}.{b64(payload.encode())}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(signing_input.encode(), KEY.private)
    return f"{signing_input}.{b64(signature)}"


HEADER = '{"alg":"ES256","typ":"at+jwt","kid":"k-1"}'


def refusal_of(unverified_token: str, **more: Any) -> Refused:
    with pytest.raises(TokenRefused) as caught:
        check(unverified_token, **more)
    return caught.value


def test_a_good_token_is_read_whole() -> None:
    """Every field of the result is what the issuer said."""
    checked = check(token(claims(ISSUER), KEY))
    assert checked.subject == "0193-alice"
    assert checked.client_id == "portero"
    assert checked.audience == AUDIENCE
    assert checked.scopes == {"notes:read", "notes:write"}
    assert checked.session_id == "s-1"
    assert checked.auth_time == NOW - timedelta(seconds=30)
    assert checked.acr == "aal2"
    assert checked.amr == ("pwd", "otp")
    assert checked.expires_at == NOW + timedelta(seconds=600)
    assert checked.key_id == "k-1"
    assert checked.claims["username"] == "alice"


def test_a_checked_token_can_not_be_changed() -> None:
    """A view that gets the claims can't widen them for the next request."""
    checked = check(token(claims(ISSUER), KEY))
    with pytest.raises(TypeError):
        checked.claims["scope"] = "admin"  # type: ignore[index]  # the attempt under test


@pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt", "Application/AT+JWT"])
def test_the_type_is_compared_without_case(typ: str) -> None:
    """RFC 9068 §4 allows both names; media types have no case (RFC 2045 §5.1)."""
    assert check(token(claims(ISSUER), KEY, typ=typ)).subject == "0193-alice"


def test_without_scope_there_is_none() -> None:
    """scope is optional (RFC 9068 §2.2.3)."""
    assert check(token(claims(ISSUER, scope=None), KEY)).scopes == frozenset()


def test_a_list_of_audiences_may_hold_ours() -> None:
    """RFC 7519 §4.1.3."""
    assert check(token(claims(ISSUER, aud=["x", AUDIENCE]), KEY)).audience == AUDIENCE


@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_the_other_algorithms_verify(alg: str) -> None:
    """Each algorithm with a key of its own kind."""
    private: Any = (
        ed25519.Ed25519PrivateKey.generate()
        if alg == "EdDSA"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    made = jwt.encode(claims(ISSUER), private, algorithm=alg, headers={"typ": "at+jwt", "kid": "k"})
    assert check(made, keys={("k", alg): private.public_key()}).key_id == "k"


# --- who signed


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
def test_alg_none_is_refused(alg: str) -> None:
    """An unsigned token, in each spelling of none."""
    header = json.dumps({"alg": alg, "typ": "at+jwt", "kid": "k-1"})
    payload = json.dumps(claims(ISSUER))
    refusal_of(f"{b64(header.encode())}.{b64(payload.encode())}.")
    refusal_of(f"{b64(header.encode())}.{b64(payload.encode())}.AAAA")


def test_a_token_without_signature_is_refused() -> None:
    """ES256 in the header and nothing behind the second dot."""
    refusal_of(token(claims(ISSUER), KEY).rsplit(".", 1)[0] + ".")


def test_the_public_key_is_no_hmac_secret() -> None:
    """Key confusion: HS256 keyed with what everyone can read (CVE-2022-29217)."""
    pem = KEY.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = b64(b'{"alg":"HS256","typ":"at+jwt","kid":"k-1"}')
    signing_input = f"{header}.{b64(json.dumps(claims(ISSUER)).encode())}"
    mac = HMACAlgorithm(HMACAlgorithm.SHA256).sign(signing_input.encode(), pem)
    refusal_of(f"{signing_input}.{b64(mac)}", keys={("k-1", "HS256"): KEY.public})


def test_a_key_of_another_kind_is_refused() -> None:
    """A registry that gives an RSA key for ES256 must not crash or pass (RFC 8725 §3.1)."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    refusal_of(token(claims(ISSUER), KEY), keys={("k-1", "ES256"): other})


def test_es256_on_another_curve_is_refused() -> None:
    """ES256 is P-256 and nothing else (RFC 7518 §3.4), even with a right signature."""
    wide = ec.generate_private_key(ec.SECP384R1())
    signing_input = f"{b64(HEADER.encode())}.{b64(json.dumps(claims(ISSUER)).encode())}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(signing_input.encode(), wide)
    made = f"{signing_input}.{b64(signature)}"
    refusal_of(made, keys={("k-1", "ES256"): wide.public_key()})


def test_a_short_rsa_key_is_refused() -> None:
    """1024 bits can be factored, even with a right signature."""
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    header = b64(b'{"alg":"RS256","typ":"at+jwt","kid":"k"}')
    signing_input = f"{header}.{b64(json.dumps(claims(ISSUER)).encode())}"
    signature = small.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
    refusal_of(f"{signing_input}.{b64(signature)}", keys={("k", "RS256"): small.public_key()})


def test_the_all_zero_signature_is_refused() -> None:
    """Psychic signatures (CVE-2022-21449): r = s = 0."""
    refusal_of(token(claims(ISSUER), KEY).rsplit(".", 1)[0] + "." + b64(bytes(64)))


def test_another_key_with_our_kid_is_refused() -> None:
    """kid is a name, not a proof."""
    refusal_of(token(claims(ISSUER), SigningKey("k-1")))


def test_a_key_in_the_header_is_not_used() -> None:
    """An embedded jwk, or an address to fetch one from (CVE-2018-0114)."""
    thief = SigningKey("k-1")
    refusal_of(token(claims(ISSUER), thief, jwk=thief.jwk()))
    refusal_of(token(claims(ISSUER), thief, jku="https://evil.example/jwks.json"))
    refusal_of(token(claims(ISSUER), thief, x5u="https://evil.example/cert.pem"))


def test_a_header_key_beside_a_good_signature_changes_nothing() -> None:
    """jwk and jku are ignored, not followed."""
    made = token(claims(ISSUER), KEY, jwk=SigningKey("x").jwk(), jku="https://evil.example/")
    assert check(made).key_id == "k-1"


@pytest.mark.parametrize("kid", [None, "", "k-2", 1, ["k-1"]])
def test_kid_must_name_a_known_key(kid: Any) -> None:
    """Missing, unknown, or no string."""
    header = {"alg": "ES256", "typ": "at+jwt"} | ({} if kid is None else {"kid": kid})
    refusal_of(signed_raw(json.dumps(header), json.dumps(claims(ISSUER))))


@pytest.mark.parametrize("crit", [[], ["exp"], ["b64"], None])
def test_critical_extensions_are_refused(crit: Any) -> None:
    """We understand none (RFC 7515 §4.1.11; CVE-2026-32597: PyJWT once ignored it)."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k-1", "crit": crit}
    refusal_of(signed_raw(json.dumps(header), json.dumps(claims(ISSUER))))


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at", "logout+jwt", "at+jwt ", 1])
def test_other_types_of_token_are_refused(typ: Any) -> None:
    """RFC 9068 §4: an ID token (typ JWT or none) is not an access token."""
    header = {"alg": "ES256", "kid": "k-1"} | ({} if typ is None else {"typ": typ})
    refusal_of(signed_raw(json.dumps(header), json.dumps(claims(ISSUER))))


def test_an_id_token_is_refused() -> None:
    """Genuine, for the client, and with none of an access token's claims."""
    id_token = {"iss": ISSUER, "sub": "a", "aud": AUDIENCE, "exp": 9999999999, "nonce": "n"}
    refusal_of(token(id_token, KEY, typ="JWT"))
    refusal_of(token(id_token, KEY))


# --- spelling


def test_duplicate_members_are_refused() -> None:
    """In header or claims: which of the two counts is a matter of the parser."""
    payload = json.dumps(claims(ISSUER))
    refusal_of(signed_raw('{"alg":"none",' + HEADER[1:], payload))
    refusal_of(signed_raw(HEADER, payload[:-1] + ',"sub":"root"}'))
    refusal_of(signed_raw(HEADER, payload[:-1] + ',"x":{"a":1,"a":2}}'))


def test_the_raw_signer_makes_good_tokens() -> None:
    """What the neighbouring tests refuse is refused for its content, not for how it was made."""
    assert check(signed_raw(HEADER, json.dumps(claims(ISSUER)))).subject == "0193-alice"


def test_padded_and_garbled_base64_is_refused() -> None:
    """One token has one spelling: no padding, no other alphabet, no space, no stray bits."""
    good = token(claims(ISSUER), KEY)
    head, payload, signature = good.split(".")
    last = signature[-1]
    stray = chr(ord(last) + 1) if last not in "9Zz" else chr(ord(last) - 1)
    for bad in (
        good + "=",
        good + "==",
        good + "\n",
        " " + good,
        f"{head}=.{payload}.{signature}",
        f"{head}.{payload[:5]} {payload[5:]}.{signature}",
        f"{head}.{payload}.{signature[:-1]}{stray}",
        f"{head}.{payload}.{signature[:-4]}++//",
        f"{head}.{payload}",
        f"{good}.{signature}",
        f"{head}..{signature}",
        "..",
        "",
        "é.é.é",
        "\ud800.a.b",
    ):
        refusal_of(bad)


def test_a_huge_token_is_refused_before_it_is_decoded() -> None:
    """8 KiB is the cap, even for a genuine one."""
    assert "longer" in refusal_of(token(claims(ISSUER, pad="x" * 9000), KEY)).detail


@pytest.mark.parametrize("payload", ["[]", "1", '"x"', "null", "", "{", "[" * 3000, "\ufeff{}"])
def test_claims_must_be_one_json_object(payload: str) -> None:
    """Deep nesting and byte order marks included."""
    refusal_of(signed_raw(HEADER, payload))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_json_is_refused(constant: str) -> None:
    """Anywhere: Python's parser would take it, and an API that hands it on would fail."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER))[:-1] + f',"x":{constant}}}'))


@pytest.mark.parametrize("value", ["\ud800", "\x00", {"\udfff": 1}, [[{"a": "b\x00"}]]])
def test_texts_that_nothing_can_store_are_refused(value: Any) -> None:
    """Half a character and NUL, however deep; a backslash before the letter u is no escape."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER) | {"x": value})))
    assert check(signed_raw(HEADER, json.dumps(claims(ISSUER) | {"x": "\\ud800 \\u0000 é"})))


def test_claims_in_another_encoding_are_refused() -> None:
    """UTF-8 only (RFC 7519 §3): json.loads of bytes would guess UTF-16."""
    signing_input = f"{b64(HEADER.encode())}.{b64(json.dumps(claims(ISSUER)).encode('utf-16'))}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(signing_input.encode(), KEY.private)
    refusal_of(f"{signing_input}.{b64(signature)}")


# --- for whom, from whom, when


@pytest.mark.parametrize(
    "iss", [None, "https://evil.example", ISSUER + "/", ISSUER.upper(), [ISSUER], 1]
)
def test_the_issuer_is_compared_letter_by_letter(iss: Any) -> None:
    """A list that contains ours is not ours (CVE-2025-30144: fast-jwt took it)."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER) | {"iss": iss})))


@pytest.mark.parametrize(
    "aud",
    [None, "", "https://api.example/other", AUDIENCE + "/x", AUDIENCE[:-1], [], [AUDIENCE[:-1]],
     [AUDIENCE, 1], {AUDIENCE: 1}, f"x {AUDIENCE}"],
)  # fmt: skip
def test_a_token_for_another_api_is_refused(aud: Any) -> None:
    """A part of the name, or a malformed list with ours in it, is not for us either."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER) | {"aud": aud})))


@pytest.mark.parametrize("name", ["sub", "client_id", "jti"])
@pytest.mark.parametrize("value", [None, "", 1, ["x"]])
def test_required_claims_are_texts(name: str, value: Any) -> None:
    """RFC 9068 §2.2."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER) | {name: value})))


@pytest.mark.parametrize("name", ["sub", "client_id", "jti", "exp", "iat", "iss", "aud"])
def test_required_claims_must_be_there(name: str) -> None:
    """RFC 9068 §2.2."""
    refusal_of(signed_raw(HEADER, json.dumps(without(name))))


@pytest.mark.parametrize("scope", [["admin"], 1, {"admin": 1}])
def test_scope_must_be_a_string(scope: Any) -> None:
    """RFC 8693 §4.2."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER, scope=scope))))


EXPS = [
    '"9999999999"',
    "true",
    "NaN",
    "Infinity",
    "1e999",
    "-1",
    "null",
    "[1]",
    "9" * 30,
    "9" * 5000,
]


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "auth_time"])
@pytest.mark.parametrize("written", EXPS, ids=[exp[:12] for exp in EXPS])
def test_dates_are_finite_numbers(name: str, written: str) -> None:
    """Each of these would compare oddly, or never expire."""
    payload = json.dumps(without(name))[:-1] + f',"{name}":{written}}}'
    assert not isinstance(refusal_of(signed_raw(HEADER, payload)), TokenExpired)


def test_a_fractional_date_is_a_date() -> None:
    """RFC 7519 §2 allows non-integer values."""
    exp = NOW.timestamp() + 0.5
    assert check(token(claims(ISSUER, exp=exp), KEY)).expires_at > NOW


def test_expired_says_so() -> None:
    """At exp itself the token is over, and the client is told why."""
    refusal = refusal_of(token(claims(ISSUER, exp=int(NOW.timestamp())), KEY))
    assert isinstance(refusal, TokenExpired)
    assert refusal.error == "invalid_token"
    assert refusal.public == "The token has expired."


def test_a_second_before_exp_it_lives() -> None:
    """The other side of the same border."""
    assert check(token(claims(ISSUER, exp=int(NOW.timestamp()) + 1), KEY))


def test_tampered_and_expired_says_only_invalid() -> None:
    """ "Expired" is said of genuine tokens alone."""
    stale = token(claims(ISSUER, exp=int(NOW.timestamp()) - 9), SigningKey("k-1"))
    refusal = refusal_of(stale)
    assert not isinstance(refusal, TokenExpired)
    assert refusal.public == "The token is not valid."


def test_expired_and_for_another_api_says_only_invalid() -> None:
    """A refresh would not help there."""
    made = token(claims(ISSUER, exp=1, aud="x"), KEY)
    assert not isinstance(refusal_of(made), TokenExpired)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_from_the_future_is_refused(name: str) -> None:
    """It is not good yet, or its issuer's clock is wrong."""
    refusal_of(token(claims(ISSUER) | {name: int(NOW.timestamp()) + 2}, KEY))


def test_leeway_moves_both_ends() -> None:
    """Both borders by the same seconds, and no more."""
    at = int(NOW.timestamp())

    def checked(**changes: Any) -> CheckedToken:
        return check_access_token(
            token(claims(ISSUER, **changes), KEY),
            key_for=lambda kid, alg: KEY.public,
            expected_issuer=ISSUER,
            expected_audience=AUDIENCE,
            now=NOW,
            leeway_seconds=5,
        )

    assert checked(exp=at - 4)
    assert checked(iat=at + 5)
    with pytest.raises(TokenExpired):
        checked(exp=at - 5)
    with pytest.raises(TokenRefused):
        checked(iat=at + 6)


def test_an_algorithm_can_be_withdrawn() -> None:
    """An API may accept fewer algorithms; it can't accept more."""
    for algorithms in ({"EdDSA"}, set[str]()):
        with pytest.raises(TokenRefused):
            check_access_token(
                token(claims(ISSUER), KEY),
                key_for=lambda kid, alg: KEY.public,
                expected_issuer=ISSUER,
                expected_audience=AUDIENCE,
                now=NOW,
                algorithms=algorithms,
            )


# --- what a view may ask beyond that


def test_a_missing_scope_is_named() -> None:
    """403 insufficient_scope, with what is needed (RFC 6750 §3.1)."""
    checked = check(token(claims(ISSUER), KEY))
    require_scopes(checked, ["notes:read", "notes:write"])
    with pytest.raises(ScopeMissing) as caught:
        require_scopes(checked, ["notes:read", "admin"])
    assert caught.value.status == 403
    assert caught.value.parameters == {"scope": "notes:read admin"}


def test_a_part_of_a_scope_is_not_a_scope() -> None:
    """`notes` is not in `notes:read`."""
    with pytest.raises(ScopeMissing):
        require_scopes(check(token(claims(ISSUER), KEY)), ["notes"])


def test_an_old_sign_in_asks_for_a_new_one() -> None:
    """30 seconds old here: recent for 30, old for 29."""
    checked = check(token(claims(ISSUER), KEY))
    require_recent(checked, max_age_seconds=30, now=NOW)
    with pytest.raises(AuthenticationInsufficient) as caught:
        require_recent(checked, max_age_seconds=29, now=NOW)
    assert caught.value.parameters == {"max_age": "29"}


def test_a_token_without_a_person_is_never_recent() -> None:
    """client_credentials have no auth_time."""
    with pytest.raises(AuthenticationInsufficient):
        require_recent(
            check(token(claims(ISSUER, auth_time=None), KEY)), max_age_seconds=99, now=NOW
        )


def test_acr_is_one_of_the_named() -> None:
    """Exact names; the challenge repeats them in order (RFC 9470 §3)."""
    checked = check(token(claims(ISSUER), KEY))
    require_acr(checked, "aal2 phr")
    with pytest.raises(AuthenticationInsufficient) as caught:
        require_acr(checked, ["phr", "aal3"])
    assert caught.value.parameters == {"acr_values": "phr aal3"}
