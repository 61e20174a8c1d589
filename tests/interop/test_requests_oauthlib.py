"""requests-oauthlib and joserfc: the code flow with PKCE, and both tokens verified by JWKS."""

from __future__ import annotations

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauthlib import OAuth2Session

from tests.interop.conftest import REDIRECT_URI, Provider


def test_a_person_signs_in_through_requests_oauthlib(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code and PKCE; joserfc verifies the ID token and the access token (RFC 9068) by the JWKS."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the test has no TLS
    client = provider.register(by_operator=True)
    told = provider.metadata()
    session = OAuth2Session(
        client.client_id, redirect_uri=REDIRECT_URI, scope=["openid", "profile"], pkce="S256"
    )
    url, _ = session.authorization_url(
        told["authorization_endpoint"], nonce="n-1", resource=provider.api
    )
    back = provider.browser().authorize(url)
    token = session.fetch_token(
        told["token_endpoint"],
        authorization_response=back,
        client_secret=client.secret,
        resource=provider.api,
    )

    keys = KeySet.import_key_set(provider.document(told["jwks_uri"]))
    identity = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    access = jwt.decode(token["access_token"], keys, algorithms=["ES256", "RS256"])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": client.client_id},
        exp={"essential": True},
        nonce={"essential": True, "value": "n-1"},
    ).validate(identity.claims)
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.api},
        exp={"essential": True},
        sub={"essential": True, "value": identity.claims["sub"]},
    ).validate(access.claims)
    assert access.header["typ"] == "at+jwt"
