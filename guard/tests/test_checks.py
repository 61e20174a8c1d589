"""Access tokens (RFC 9068) against the pure checks: what they say, borders, and mistakes of whoever
has the keys. Odd tokens of all sorts: test_jwt_corpus.py."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from jwt.algorithms import ECAlgorithm

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


# --- for whom, from whom, when


@pytest.mark.parametrize("scope", [["admin"], 1, {"admin": 1}])
def test_scope_must_be_a_string(scope: Any) -> None:
    """RFC 8693 §4.2."""
    refusal_of(signed_raw(HEADER, json.dumps(claims(ISSUER, scope=scope))))


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


@pytest.mark.parametrize(("depth", "good"), [(30, True), (32, False), (500, False), (5000, False)])
def test_nothing_nested_deep_is_taken_apart(depth: int, good: bool) -> None:
    """Ours or not: an API that walks through its claims has less of the stack left."""
    nested: Any = 1
    for _ in range(min(depth, 500)):
        nested = {"a": nested}
    written = json.dumps({**claims(ISSUER), "deep": nested})
    if depth > 500:
        written = written.replace(": 1}", ": " + "[" * (depth - 500) + "]" * (depth - 500) + "}")
    made = signed_raw(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": "k-1"}), written)
    if good:
        assert check(made).claims["deep"]["a"]
        return
    with pytest.raises(TokenRefused):
        check(made)
