"""Another application's token, for the same API, of the same issuer: no key to the account."""

from __future__ import annotations

import pytest

from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign
from tests.support.house import Home, bearer

CALLS = [
    ("GET", "/me"),
    ("PATCH", "/me"),
    ("DELETE", "/me"),
    ("GET", "/me/sessions"),
    ("DELETE", "/me/sessions"),
    ("POST", "/logout"),
    ("POST", "/password/change"),
]


def token_of_another_client(home: Home) -> str:
    """Good in every respect, for a live session of the account, but not the first party's."""
    home.register("ana")
    answer = home.log_in()
    checked = home.house.rooms.provider.tokens.check(answer["access_token"])
    home.house.clients.create(
        Actor.system(), {"redirect_uris": ["https://reports.example/back"]}, client_id="reports"
    )
    claims = {**checked.claims, "client_id": "reports"}
    signer = home.house.ring.signer(SigningAlg.ES256, home.clock.now())
    return sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ="at+jwt")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_another_applications_token_can_not_touch_the_account(
    home: Home, method: str, path: str
) -> None:
    """403, and nothing happened; the same token still opens what is for every client."""
    token = token_of_another_client(home)
    refused = home.client().open(path, method=method, json={}, headers=bearer(token))
    assert refused.status_code == 403
    assert refused.json is not None
    assert refused.json["code"] == "not_first_party"
    opened = home.get("/protected", token)
    assert opened.status_code == 200
    assert opened.json is not None
    assert opened.json["user_id"]
