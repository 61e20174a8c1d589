"""The claims of a logout token, and addresses with more in their query."""

from __future__ import annotations

from portero.protocol.oidc.logout import logout_token_claims


def test_a_logout_token_has_what_it_must_and_no_nonce() -> None:
    """Back-Channel Logout §2.4: exactly these, so that it is never taken for an ID token."""
    claims = logout_token_claims(
        issuer="https://id.example",
        client_id="notes",
        subject="s",
        session_id="sid",
        token_id="j",
        issued_at=1000,
    )
    assert claims == {
        "iss": "https://id.example",
        "aud": "notes",
        "sub": "s",
        "sid": "sid",
        "iat": 1000,
        "exp": 1120,
        "jti": "j",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
