"""Who may ask the UserInfo endpoint, and how a no is said (OpenID Connect Core §5.3, RFC 6750)."""

from __future__ import annotations

import pytest

from portero.core.audit import Actor
from tests.support.house import API_AUDIENCE, ISSUER, Home, bearer
from tests.support.relying_party import claims_of, relying_party

PATH = "/oauth/userinfo"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_the_token_comes_in_the_header_or_in_a_form_and_once(home: Home) -> None:
    """RFC 6750 §2; never in the address (RFC 9700 §4.3.2), and not in two places."""
    home.register("ana")
    token = relying_party(home).sign_in()["access_token"]
    assert home.get(PATH, token).status_code == 200
    assert home.client().post(PATH, headers=bearer(token)).status_code == 200
    assert home.client().post(PATH, data={"access_token": token}).status_code == 200
    assert home.client().get(PATH, query_string={"access_token": token}).status_code == 401
    twice = home.client().post(PATH, data={"access_token": token}, headers=bearer(token))
    assert (twice.status_code, twice.get_json()["error"]) == (400, "invalid_request")


@on_sqlite
def test_no_token_a_bad_one_and_too_small_a_scope_are_three_answers(home: Home) -> None:
    """RFC 6750 §3: the challenge without an error, invalid_token, insufficient_scope."""
    home.register("ana")
    bare = home.client().get(PATH)
    assert (bare.status_code, bare.headers["WWW-Authenticate"]) == (401, "Bearer")
    bad = home.get(PATH, "a.b.c")
    assert bad.status_code == 401
    assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    rp = relying_party(home, scope="openid notes:read")
    small = home.get(PATH, rp.sign_in(scope="notes:read")["access_token"])
    assert small.status_code == 403
    assert 'error="insufficient_scope"' in small.headers["WWW-Authenticate"]
    assert bad.headers["Access-Control-Allow-Origin"] == "*"


@on_sqlite
def test_tokens_for_something_else_open_nothing(home: Home) -> None:
    """An ID token, our own API's token, a service's, and one for another API."""
    home.register("ana")
    rp = relying_party(home)
    tokens = rp.sign_in()
    other = rp.sign_in(resource=API_AUDIENCE)
    assert claims_of(other["access_token"])["aud"] == API_AUDIENCE
    shown = (tokens["id_token"], home.log_in()["access_token"], other["access_token"])
    for token in shown:
        assert home.get(PATH, token).status_code == 401
    again = rp.refresh(other["refresh_token"], resource=f"{ISSUER}{PATH}").get_json()
    assert home.get(PATH, again["access_token"]).status_code == 200


@on_sqlite
def test_a_client_that_registered_a_signed_answer_gets_one(home: Home) -> None:
    """For that client, of this issuer (§5.3.2)."""
    account = home.register("ana")
    rp = relying_party(home, userinfo_signed_response_alg="ES256")
    answer = home.get(PATH, rp.sign_in()["access_token"])
    assert answer.content_type == "application/jwt"
    claims = claims_of(answer.text)
    assert (claims["iss"], claims["aud"]) == (ISSUER, rp.client_id)
    assert claims["sub"] == account["id"]


@on_sqlite
def test_a_client_that_has_to_push_is_not_heard_otherwise(home: Home) -> None:
    """RFC 9126 §5; the same for a FAPI client, which needs no word of it."""
    home.register("ana")
    rp = relying_party(home, require_pushed_authorization_requests=True)
    answer = rp.begin()
    assert "error=invalid_request" in answer.location


@on_sqlite
def test_a_request_without_scope_gets_what_its_client_registered(home: Home) -> None:
    """But for what has to be asked for by name; with several addresses it has to name one."""
    home.register("ana")
    rp = relying_party(home, scope="openid offline_access notes:read")
    told = rp.sign_in(scope=None, nonce=None)
    assert told["scope"] == "notes:read"
    assert "id_token" not in told
    two = relying_party(home, redirect_uris=["https://a.example/cb", "https://b.example/cb"])
    assert two.begin(scope=None, redirect_uri=None).status_code == 400
    assert rp.begin(scope=None, redirect_uri=None).status_code == 303
    assert rp.begin(redirect_uri=None).status_code == 400  # with openid always


@on_sqlite
def test_a_disabled_client_and_account_are_seen_at_once(home: Home) -> None:
    """In the process that disabled them."""
    account = home.register("ana")["id"]
    token = relying_party(home).sign_in()["access_token"]
    home.house.rooms.account_admin.disable(Actor.operator(), account)
    assert home.get(PATH, token).status_code == 401
