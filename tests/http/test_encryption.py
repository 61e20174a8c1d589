"""Answers that only their client can read: JWE around what was signed (OIDC Core §10.2)."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.wiring.parts import metadata_policy
from tests.support.house import Home, basic
from tests.support.relying_party import claims_of, relying_party

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Key = RSAKey | ECKey | OKPKey


def _public(*keys: Key, **more: str) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) | more for key in keys]}


def _opened(told: str, key: Key, alg: str, enc: str) -> str:
    read = jwe.decrypt_compact(told, key, algorithms=[alg, enc])
    assert (read.headers()["alg"], read.headers()["enc"]) == (alg, enc)
    assert read.headers()["cty"] == "JWT"
    assert read.plaintext is not None
    return read.plaintext.decode()


@on_sqlite
@pytest.mark.parametrize(
    ("alg", "enc", "key"),
    [
        ("RSA-OAEP-256", "A256GCM", RSAKey.generate_key(2048)),
        ("RSA-OAEP", "A128CBC-HS256", RSAKey.generate_key(2048)),
        ("ECDH-ES", "A128GCM", ECKey.generate_key("P-256")),
        ("ECDH-ES+A128KW", "A256CBC-HS512", OKPKey.generate_key("X25519")),
        ("ECDH-ES+A256KW", "A256GCM", ECKey.generate_key("P-521")),
    ],
)
def test_an_id_token_is_for_its_client_alone(home: Home, alg: str, enc: str, key: Key) -> None:
    """Signed first, then encrypted: whoever opens it holds what he would have got in clear."""
    home.register("ana")
    rp = relying_party(
        home,
        jwks=_public(key, use="enc", kid="e1"),
        id_token_encrypted_response_alg=alg,
        id_token_encrypted_response_enc=enc,
    )
    tokens = rp.sign_in()
    assert tokens["id_token"].count(".") == 4
    claims = claims_of(_opened(tokens["id_token"], key, alg, enc))
    assert (claims["aud"], claims["iss"]) == (rp.client_id, home.house.settings.issuer)
    again = rp.refresh(tokens["refresh_token"]).get_json()
    assert claims_of(_opened(again["id_token"], key, alg, enc))["sub"] == claims["sub"]


@on_sqlite
def test_the_other_answers_are_encrypted_too(home: Home) -> None:
    """UserInfo, introspection (RFC 9701 §5) and the authorization response (JARM §2.2)."""
    key = ECKey.generate_key("P-256")
    alg, enc = "ECDH-ES", "A128CBC-HS256"
    home.register("ana")
    rp = relying_party(
        home,
        jwks=_public(key, use="enc"),
        userinfo_signed_response_alg="ES256",
        introspection_signed_response_alg="ES256",
        authorization_signed_response_alg="ES256",
        userinfo_encrypted_response_alg=alg,
        introspection_encrypted_response_alg=alg,
        authorization_encrypted_response_alg=alg,
    )
    token = rp.sign_in()["access_token"]
    told = home.get("/oauth/userinfo", token)
    assert told.content_type == "application/jwt"
    assert claims_of(_opened(told.text, key, alg, enc))["aud"] == rp.client_id
    asked = home.client().post(
        "/oauth/introspect",
        data={"token": token},
        headers={
            **basic(rp.client_id, rp.secret),
            "Accept": "application/token-introspection+jwt",
        },
    )
    assert asked.content_type == "application/token-introspection+jwt", asked.text
    assert claims_of(_opened(asked.text, key, alg, enc))["token_introspection"]["active"] is True
    back = rp.authorize(response_mode="query.jwt")
    assert "code" in claims_of(_opened(back["response"], key, alg, enc))


@on_sqlite
def test_nothing_is_told_in_clear_when_there_is_no_key(home: Home) -> None:
    """The attack: take the key away, and read what would have been encrypted."""
    signing = ECKey.generate_key("P-256")
    for jwks, member, fault in (
        (_public(signing, use="sig"), "id_token", "jwks"),
        (_public(signing), "userinfo", "userinfo_signed_response_alg"),
    ):
        wish: dict[str, Any] = {f"{member}_encrypted_response_alg": "ECDH-ES"}
        with pytest.raises(InvalidClientMetadata) as refused:
            relying_party(home, jwks=jwks, **wish)
        assert [each.name for each in refused.value.faults] == [fault]


@on_sqlite
def test_a_server_without_the_extra_tells_no_client_in_clear(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client registered while it was there. Nothing is spent by the error: the same code and
    the same refresh token are good when the extra is back, and no replay."""
    home.register("ana")
    rp = relying_party(
        home,
        jwks=_public(ECKey.generate_key("P-256")),
        id_token_encrypted_response_alg="ECDH-ES",
    )
    code = rp.authorize()["code"]
    signer = home.house.rooms.provider.authorize._answers._signer
    with monkeypatch.context() as without:
        without.setattr(signer, "_encrypt", None)
        answer = rp.redeem(code)
        assert answer.status_code == 503
        assert "id_token" not in answer.get_json()
    tokens = rp.redeem(code).get_json()
    with monkeypatch.context() as without:
        without.setattr(signer, "_encrypt", None)
        assert rp.refresh(tokens["refresh_token"]).status_code == 503
    assert rp.refresh(tokens["refresh_token"]).get_json()["id_token"].count(".") == 4


@on_sqlite
def test_what_can_not_be_encrypted_is_not_offered(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the metadata nor at registration, where joserfc is not installed."""
    alg = "id_token_encryption_alg_values_supported"
    offered = home.get("/.well-known/openid-configuration").get_json()
    assert {"RSA-OAEP-256", "ECDH-ES"} <= set(offered[alg])
    assert metadata_policy(home.house.settings).encryption_algs == set(offered[alg])
    monkeypatch.setitem(sys.modules, "joserfc", None)
    assert not metadata_policy(home.house.settings).encryption_algs
