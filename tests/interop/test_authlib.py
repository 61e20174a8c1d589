"""Authlib: its OAuth 2 session and its Flask client, with PKCE and ID tokens that are checked."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.conftest import REDIRECT_URI, Provider, Registered


def _session(client: Registered, **more: Any) -> OAuth2Session:
    return OAuth2Session(
        client.client_id,
        client.secret,
        scope="openid profile email offline_access",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        **more,
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_person_signs_in_through_authlib(provider: Provider, method: str) -> None:
    """Code and PKCE; the ID token's signature and claims hold; UserInfo answers; refresh works."""
    client = provider.register(token_endpoint_auth_method=method)
    session = _session(client, token_endpoint_auth_method=method)
    told = provider.metadata()
    verifier, nonce = generate_token(48), generate_token(20)
    url, _ = session.create_authorization_url(
        told["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    back = provider.browser().authorize(url)
    token = session.fetch_token(
        told["token_endpoint"], authorization_response=back, code_verifier=verifier
    )

    keys = KeySet.import_key_set(provider.document(told["jwks_uri"]))
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": provider.issuer}, "aud": {"value": client.client_id}},
        params={"nonce": nonce, "access_token": token["access_token"]},
    )
    claims.validate()
    person = session.get(told["userinfo_endpoint"]).json()
    assert person["sub"] == claims["sub"]
    assert person["preferred_username"] == "ana"

    renewed = session.refresh_token(told["token_endpoint"], token["refresh_token"])
    assert renewed["access_token"] != token["access_token"]


def test_authlib_revokes_and_introspects(provider: Provider) -> None:
    """A token that Authlib revoked is told to be inactive."""
    session = _session(provider.register())
    told = provider.metadata()
    verifier = generate_token(48)
    url, _ = session.create_authorization_url(
        told["authorization_endpoint"], code_verifier=verifier, prompt="consent"
    )
    back = provider.browser().authorize(url)
    token = session.fetch_token(
        told["token_endpoint"], authorization_response=back, code_verifier=verifier
    )
    refresh_token, endpoint = token["refresh_token"], told["introspection_endpoint"]

    assert session.introspect_token(endpoint, refresh_token).json()["active"] is True
    assert session.revoke_token(told["revocation_endpoint"], refresh_token).status_code == 200
    assert session.introspect_token(endpoint, refresh_token).json() == {"active": False}


def test_a_flask_application_signs_people_in_through_authlib(provider: Provider) -> None:
    """Its Flask client needs the discovery document's address and nothing else."""
    client = provider.register()
    app = Flask("notes")
    app.secret_key = "only-for-this-test"
    notes = OAuth(app).register(
        "portero",
        client_id=client.client_id,
        client_secret=client.secret,
        server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )

    @app.get("/login")
    def login() -> Any:
        return notes.authorize_redirect(REDIRECT_URI)

    @app.get("/callback")
    def callback() -> Any:
        return dict(notes.authorize_access_token()["userinfo"])

    visitor = app.test_client()
    sent = visitor.get("/login", base_url="https://app.example")
    back = provider.browser().authorize(sent.location)
    claims = visitor.get(back).get_json()
    assert claims["iss"] == provider.issuer
    assert claims["aud"] in (client.client_id, [client.client_id])
