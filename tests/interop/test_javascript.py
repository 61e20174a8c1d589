"""openid-client, oauth4webapi and jose: what applications written in JavaScript sign in with."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey

from tests.interop.conftest import Provider
from tests.interop.javascript import run


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_openid_client_lives_through_a_whole_session(provider: Provider, method: str) -> None:
    """Discovery, code and PKCE, UserInfo, refresh, introspection, revocation, sign-out address."""
    client = provider.register(token_endpoint_auth_method=method)
    told = run(
        "openid_client.js", provider, provider.browser(),
        clientId=client.client_id, secret=client.secret, method=method,
    )  # fmt: skip
    assert told["username"] == "ana"
    assert told["sameSubject"] is True
    assert (told["before"], told["after"]) == (True, False)
    assert told["signOut"].startswith(provider.metadata()["end_session_endpoint"] + "?")


def test_oauth4webapi_signs_in_at_the_strictest_setting(provider: Provider) -> None:
    """A pushed request, private_key_jwt, DPoP-bound tokens; jose verifies both tokens."""
    key = ECKey.generate_key("P-256", parameters={"kid": "app-1"})
    client = provider.register(
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
        dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True,
    )
    told = run(
        "oauth4webapi.js", provider, provider.browser(),
        clientId=client.client_id, privateJwk=key.as_dict(private=True),
    )  # fmt: skip
    assert told["tokenType"].lower() == "dpop"
    assert told["sameSubject"] is True
    assert told["bound"] is True


@pytest.mark.parametrize("profile", ["fapi2", "fapi2_message_signing"])
def test_openid_client_keeps_fapi(provider: Provider, profile: str) -> None:
    """FAPI 2.0 Security Profile, and Message Signing: pushed, bound, signed both ways."""
    key = ECKey.generate_key("P-256", parameters={"kid": "bank-1"})
    client = provider.register(
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
        profile=profile,
    )
    signs = profile == "fapi2_message_signing"
    told = run(
        "fapi.js", provider, provider.browser(),
        clientId=client.client_id, privateJwk=key.as_dict(private=True), signs=signs,
    )  # fmt: skip
    assert told["username"] == "ana"
    assert told["tokenType"].lower() == "dpop"
    assert told["asked"] == ["client_id", "request_uri"]
    assert told["answer"] == (["response"] if signs else ["code", "iss", "state"])
    assert told["active"] is True
    assert told["kept"] is True
