"""The authorization endpoint: what it demands, how it answers, whom it asks, what it costs."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.counting import but_for_the_audit, counted
from tests.support.house import ISSUER, Home
from tests.support.relying_party import (
    RelyingParty,
    claims_of,
    fields,
    query_of,
    relying_party,
)

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def signed_in(home: Home, **metadata: object) -> RelyingParty:
    """A client in whose browser Ana has signed in and agreed."""
    home.register("ana")
    rp = relying_party(home, **metadata)
    rp.sign_in()
    return rp


@on_sqlite
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"id_token":[]}'}, "invalid_request"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"authorization_details": "[{}]"}, "invalid_authorization_details"),
        ({"prompt": "none"}, "login_required"),
        ({"claims": '{"id_token":{"acr":{"essential":true,"values":["phr"]}}}'},
         "unmet_authentication_requirements"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_travels_back_with_the_specs_code(
    home: Home, change: dict[str, str | None], error: str
) -> None:
    """With the state as it came, the issuer (RFC 9207), and never a code beside the error."""
    rp = relying_party(home)
    told = query_of(rp.begin(**change))
    assert (told["error"], told["state"], told["iss"]) == (error, "af0ifjsldkj", ISSUER)
    assert "code" not in told
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", told["error_description"])


@on_sqlite
def test_a_parameter_sent_twice_is_told_on_a_page(home: Home) -> None:
    """Which of the two redirect URIs would be the good one?"""
    rp = relying_party(home)
    for name in ("redirect_uri", "client_id", "state", "scope"):
        address = rp.begin().request.url.partition("?")[2]
        answer = rp.browser.get(f"/oauth/authorize?{address}&{name}=twice")
        assert (answer.status_code, answer.location) == (400, None), name


@on_sqlite
def test_unknown_parameters_are_ignored_and_a_form_will_do(home: Home) -> None:
    """RFC 6749 §3.1; OpenID Connect Core §3.1.2.1: GET and POST."""
    rp = relying_party(home)
    assert rp.begin(display="touch", ui_locales="de xx", strange="1").status_code == 303
    posted = rp.browser.post("/oauth/authorize", data=rp.parameters())
    assert (posted.status_code, posted.location.partition("?")[0]) == (303, "/sign-in")
    as_json = rp.browser.post("/oauth/authorize", json=rp.parameters())
    assert as_json.status_code == 400


@on_sqlite
def test_a_page_of_ours_can_not_be_framed_nor_leak_its_address(home: Home) -> None:
    """RFC 9700 §4.16, §4.2; and no CORS at the authorization endpoint (§2.6)."""
    rp = relying_party(home)
    answer = rp.begin()
    assert "Access-Control-Allow-Origin" not in answer.headers
    page = rp.browser.get(answer.location)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"


@on_sqlite
def test_the_answer_can_be_posted(home: Home) -> None:
    """form_post: encoded values, for the registered address alone, and never kept."""
    rp = signed_in(home)
    answer = rp.walk(rp.begin(response_mode="form_post", state='"><script>'))
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert fields(answer)["state"] == '"><script>'
    assert fields(answer)["iss"] == ISSUER
    assert 'action="https://app.example/callback"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert rp.redeem(fields(answer)["code"]).status_code == 200


@on_sqlite
@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
def test_the_answer_can_be_signed(home: Home, mode: str) -> None:
    """JARM: for this client, from this issuer, for ten minutes at most; errors too."""
    rp = signed_in(home, authorization_signed_response_alg="ES256")
    for change in ({}, {"prompt": "none", "max_age": "0"}):
        home.clock.let_pass(seconds=5)
        answer = rp.walk(rp.begin(response_mode=mode, **change))
        form = mode == "form_post.jwt"
        sent = fields(answer) if form else query_of(answer)
        assert set(sent) == {"response"}
        claims = claims_of(sent["response"])
        now = home.clock.now().timestamp()
        assert (claims["iss"], claims["aud"]) == (ISSUER, rp.client_id)
        assert now < claims["exp"] <= now + 600
        assert ("error" in claims) is bool(change)
        assert ("code" in claims) is not bool(change)
        assert claims["state"] == "af0ifjsldkj"


@on_sqlite
def test_the_state_comes_back_as_it_was(home: Home) -> None:
    """Byte for byte; and none where none was sent."""
    rp = signed_in(home)
    for state in ("a b+c%20&=ü", "{}[]", "x" * 2000):
        assert rp.authorize(state=state)["state"] == state
    assert "state" not in rp.authorize(state=None)


@on_sqlite
def test_a_person_who_is_there_is_not_asked_again(home: Home) -> None:
    """And prompt=none succeeds; for another client the person is asked first."""
    rp = signed_in(home)
    assert "code" in query_of(rp.begin(prompt="none"))
    other = relying_party(home, client_name="Other")
    other.browser = rp.browser
    assert query_of(other.begin(prompt="none"))["error"] == "consent_required"


@on_sqlite
def test_prompt_login_asks_for_a_proof_that_is_new(home: Home) -> None:
    """The session is proven anew and keeps its sid; auth_time moves."""
    rp = signed_in(home)
    before = claims_of(rp.sign_in()["id_token"])
    home.clock.let_pass(minutes=5)
    assert rp.begin(prompt="login").location.startswith("/sign-in")
    after = claims_of(rp.sign_in(prompt="login")["id_token"])
    assert after["sid"] == before["sid"]
    assert after["auth_time"] >= before["auth_time"] + 299


@on_sqlite
def test_max_age_counts_from_the_proof(home: Home) -> None:
    """0 asks once and not for ever; a session that is young enough will do."""
    rp = signed_in(home)
    home.clock.let_pass(minutes=10)
    assert "code" in query_of(rp.begin(max_age="3600"))
    assert rp.begin(max_age="60").location.startswith("/sign-in")
    assert query_of(rp.begin(max_age="60", prompt="none"))["error"] == "login_required"
    assert "code" in rp.authorize(max_age="0")


@on_sqlite
def test_prompt_consent_asks_whatever_was_agreed_to(home: Home) -> None:
    """And a no is told to the application."""
    rp = signed_in(home)
    assert rp.begin(prompt="consent").location.startswith("/consent")
    told = query_of(rp.walk(rp.begin(prompt="consent"), agree=False))
    assert (told["error"], told["state"]) == ("access_denied", "af0ifjsldkj")


@on_sqlite
@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "none"},
        {"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native"},
        {"redirect_uris": ["com.example.app:/cb"], "application_type": "native"},
    ],
    ids=str,
)
def test_an_application_that_can_not_be_told_from_another_always_asks(
    home: Home, metadata: dict[str, object]
) -> None:
    """RFC 8252 §8.6, RFC 9700: whoever has its address would get what was agreed to for it."""
    rp = signed_in(home, **metadata)
    assert rp.begin().location.startswith("/consent")
    assert query_of(rp.begin(prompt="none"))["error"] == "consent_required"


@on_sqlite
def test_a_first_party_application_asks_only_where_it_could_be_another(home: Home) -> None:
    """With an https address of its own it does not ask; on loopback it does."""
    home.register("ana")
    ours = relying_party(home, first_party=True)
    answer = ours.begin()
    page = ours.browser.get(answer.location)
    form = {**fields(page), "username": "ana", "password": "olive kettle wanders north"}
    answer = ours.browser.post("/sign-in", data=form)
    assert "code" in query_of(ours.browser.get(answer.location))
    local = relying_party(home, first_party=True, redirect_uris=["http://127.0.0.1/cb"])
    local.browser = ours.browser
    assert local.begin().location.startswith("/consent")


@on_sqlite
def test_a_hint_means_one_person(home: Home) -> None:
    """Somebody else who is signed in is not taken for them; another client's hint is refused."""
    rp = signed_in(home)
    ana = rp.sign_in()["id_token"]
    assert "code" in query_of(rp.begin(prompt="none", id_token_hint=ana))
    home.register("ben")
    other = relying_party(home, client_name="Other")
    other.walk(other.begin(), username="ben")
    ben = rp.redeem(query_of(rp.walk(rp.begin(prompt="login"), username="ben"))["code"])
    hint = ben.get_json()["id_token"]
    rp.browser = home.client()
    rp.sign_in()
    assert query_of(rp.begin(prompt="none", id_token_hint=hint))["error"] == "login_required"
    told = query_of(rp.walk(rp.begin(id_token_hint=hint)))
    assert told["error"] == "login_required"
    assert query_of(other.begin(id_token_hint=ana))["error"] == "invalid_request"


@on_sqlite
def test_a_hint_outlives_the_key_that_signed_it(home: Home) -> None:
    """OpenID Connect Core §3.1.2.2: a browser that was let in before a rotation renews as before;
    but what a leaked key signed is nobody's word."""
    rp = signed_in(home)
    hint = rp.sign_in()["id_token"]
    home.house.keys.rotate(Actor.operator(), SigningAlg.ES256)
    home.clock.let_pass(days=2)
    rp.browser = home.client()
    kept = rp.sign_in()["id_token"]
    assert "code" in query_of(rp.begin(prompt="none", id_token_hint=hint))
    assert "code" in query_of(rp.begin(prompt="none", id_token_hint=kept))
    home.house.keys.rotate(Actor.operator(), SigningAlg.ES256, immediately=True)
    assert query_of(rp.begin(prompt="none", id_token_hint=kept))["error"] == "invalid_request"


@on_sqlite
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_subject_that_was_asked_for_is_the_one_or_nobody_is(home: Home, place: str) -> None:
    """OpenID Connect Core §5.5.1: no code for anybody else, who is there or signs in for it."""
    rp = signed_in(home)
    ana = claims_of(rp.sign_in()["id_token"])["sub"]
    asked = json.dumps({place: {"sub": {"value": ana}}})
    told = rp.redeem(query_of(rp.begin(prompt="none", claims=asked))["code"]).get_json()
    assert claims_of(told["id_token"])["sub"] == ana
    home.register("ben")
    rp.browser = home.client()
    rp.walk(rp.begin(), username="ben")
    assert query_of(rp.begin(prompt="none", claims=asked))["error"] == "login_required"
    answer = query_of(rp.walk(rp.begin(claims=asked), username="ben"))
    assert answer["error"] == "login_required"
    assert "code" not in answer
    told = rp.redeem(query_of(rp.walk(rp.begin(claims=asked)))["code"]).get_json()
    assert claims_of(told["id_token"])["sub"] == ana


@on_sqlite
def test_nobody_is_the_subject_that_is_unknown(home: Home) -> None:
    """One that is made up, or somebody's account id where names are pairwise, means nobody."""
    rp = signed_in(home, subject_type="pairwise")
    account = home.log_in()["user"]["id"]
    for made_up in (account, "ana", "x" * 255):
        asked = json.dumps({"id_token": {"sub": {"value": made_up}}})
        assert query_of(rp.begin(prompt="none", claims=asked))["error"] == "login_required"


@on_sqlite
@pytest.mark.parametrize("mode", [None, "form_post", "jwt", "form_post.jwt"])
def test_the_challenge_is_not_told_again(home: Home, mode: str | None) -> None:
    """OAuth 2.1 §4.1.2: who sees the answer learns nothing of the verifier, not even its hash."""
    rp = signed_in(home, authorization_signed_response_alg="ES256")
    answer = rp.begin(response_mode=mode)
    said = answer.text + (answer.location or "")
    packed = re.findall(r"eyJ[\w.-]+", said)
    claims = [claims_of(each) for each in packed]
    assert "code=" in said or 'name="code"' in said or "code" in claims[0]
    assert rp.pkce.challenge not in said + json.dumps(claims)


@on_sqlite
def test_a_page_belongs_to_its_browser_and_is_over_once(home: Home) -> None:
    """A handle is worth nothing elsewhere, nor after the back button."""
    home.register("ana")
    rp = relying_party(home)
    asked = rp.begin().location
    assert home.client().get(asked).status_code == 400
    rp.walk(rp.browser.get(asked))
    handle = parse_qs(urlsplit(asked).query)["request"][0]
    for path in ("/sign-in", "/consent", "/oauth/authorize/continue"):
        again = rp.browser.get(path, query_string={"request": handle})
        assert (again.status_code, again.location) == (400, None), path


@on_sqlite
def test_signing_in_changes_the_cookie(home: Home) -> None:
    """Session fixation: whoever planted or saw the old one is not in."""
    home.register("ana")
    rp = relying_party(home)
    rp.begin()
    before = rp.browser.get_cookie("portero", domain="127.0.0.1")
    rp.walk(rp.begin())
    after = rp.browser.get_cookie("portero", domain="127.0.0.1")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    thief = home.client()
    thief.set_cookie("portero", before.value)
    assert thief.get("/account").location == "/sign-in"


@on_sqlite
def test_a_code_dies_with_its_session_and_after_a_minute(home: Home) -> None:
    """What ended between the two requests has ended."""
    rp = signed_in(home)
    code = rp.authorize()["code"]
    home.clock.let_pass(seconds=61)
    assert rp.redeem(code).get_json()["error"] == "invalid_grant"
    code = rp.authorize()["code"]
    account = home.log_in()["user"]["id"]
    home.house.rooms.sessions.end_all(Actor.operator(), account, EndReason.REVOKED)
    assert rp.redeem(code).get_json()["error"] == "invalid_grant"


@on_sqlite
def test_an_offline_grant_outlives_its_session_and_dies_with_the_consent(home: Home) -> None:
    """The other one ends at once; the account page takes both back."""
    rp = signed_in(home)
    bound, offline = rp.sign_in(), rp.sign_in(scope="openid offline_access")
    account = home.log_in()["user"]["id"]
    page = rp.browser.get("/account")
    home.house.rooms.sessions.end_all(Actor.operator(), account, EndReason.REVOKED)
    assert rp.refresh(bound["refresh_token"]).status_code == 400
    renewed = rp.refresh(offline["refresh_token"])
    assert renewed.status_code == 200
    assert "sid" not in claims_of(renewed.get_json()["access_token"])

    rp.walk(rp.begin())
    page = rp.browser.get("/account")
    form = {"csrf": fields(page)["csrf"], "client_id": rp.client_id}
    assert rp.browser.post("/account/applications/disconnect", data=form).status_code == 303
    token = renewed.get_json()
    assert home.get("/oauth/userinfo", token["access_token"]).status_code == 401
    assert rp.refresh(token["refresh_token"]).status_code == 400
    assert rp.begin().location.startswith("/consent")


@on_sqlite
def test_what_the_claims_parameter_asks_for_is_told(home: Home) -> None:
    """In the ID token and at UserInfo (OpenID Connect Core §5.5), and nothing else."""
    home.create("ana", "ana@example.org")
    rp = relying_party(home)
    asked = {"id_token": {"email": None}, "userinfo": {"preferred_username": None}}
    tokens = rp.sign_in(scope="openid", claims=json.dumps(asked))
    claims = claims_of(tokens["id_token"])
    assert claims["email"] == "ana@example.org"
    assert "preferred_username" not in claims
    told = home.get("/oauth/userinfo", tokens["access_token"]).get_json()
    assert told["preferred_username"] == "ana"
    assert "email" not in told


@on_sqlite
@pytest.mark.parametrize("alg", ["RS256", "ES256", "HS256"])
def test_an_id_token_is_signed_as_its_client_registered(home: Home, alg: str) -> None:
    """RS256 without a word of it (OpenID Connect Registration §2); HMAC with its own secret."""
    import jwt

    home.house.keys.keep((SigningAlg.ES256, SigningAlg.RS256))
    home.house.ring.reload()
    home.register("ana")
    rp = relying_party(home, id_token_signed_response_alg=alg)
    tokens = rp.sign_in()
    jwks = home.get("/.well-known/jwks.json").get_json()["keys"]
    kid = jwt.get_unverified_header(tokens["id_token"]).get("kid")
    keys = {key["kid"]: jwt.PyJWK(key).key for key in jwks}
    key = rp.secret if alg == "HS256" else keys[kid]
    claims = jwt.decode(
        tokens["id_token"], key, algorithms=[alg], audience=rp.client_id, issuer=ISSUER
    )
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert {"auth_time", "acr", "amr", "sid", "at_hash"} <= set(claims)
    again = claims_of(rp.refresh(tokens["refresh_token"]).get_json()["id_token"])
    assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])
    assert "nonce" not in again


def test_two_sectors_know_a_person_by_two_names(home: Home) -> None:
    """Pairwise (OpenID Connect Core §8): stable in one, strange in the other, the same at
    UserInfo and in the access token."""
    home.register("ana")
    one = relying_party(home, subject_type="pairwise")
    two = relying_party(home, subject_type="pairwise", redirect_uris=["https://other.example/cb"])
    first, second, other = one.sign_in(), one.sign_in(), two.sign_in()
    names = [claims_of(tokens["id_token"])["sub"] for tokens in (first, second, other)]
    assert names[0] == names[1] != names[2]
    assert claims_of(first["access_token"])["sub"] == names[0]
    told = home.get("/oauth/userinfo", first["access_token"]).get_json()
    assert told["sub"] == names[0]


@on_sqlite
def test_the_metadata_promises_what_is_enforced(home: Home) -> None:
    """One document at both addresses; nothing that is refused is in it."""
    oauth = home.get("/.well-known/oauth-authorization-server").get_json()
    openid = home.get("/.well-known/openid-configuration").get_json()
    assert oauth == openid
    assert openid["code_challenge_methods_supported"] == ["S256"]
    assert openid["response_types_supported"] == ["code"]
    assert openid["authorization_response_iss_parameter_supported"] is True
    assert openid["request_uri_parameter_supported"] is False
    assert "RS256" in openid["id_token_signing_alg_values_supported"]
    assert "none" not in json.dumps(
        [v for k, v in openid.items() if k.endswith("alg_values_supported")]
    )
    for name, address in openid.items():
        if name.endswith("_endpoint"):
            path = address.removeprefix(ISSUER)
            assert home.client().get(path).status_code != 404, name


def test_a_code_flow_costs_six_statements_and_a_refresh_three(home: Home) -> None:
    """With the session there: two to authorize, four for the tokens, each in one transaction."""
    rp = signed_in(home)
    with counted(home) as seen:
        code = query_of(rp.begin())["code"]
    assert len(but_for_the_audit(seen)) <= 2, seen
    with counted(home) as seen:
        tokens = rp.redeem(code)
    assert len(but_for_the_audit(seen)) <= 4, seen
    with counted(home) as seen:
        assert rp.refresh(tokens.get_json()["refresh_token"]).status_code == 200
    assert len(but_for_the_audit(seen)) <= 3, seen


@on_sqlite
def test_the_consent_page_shows_what_is_asked_for_and_escapes_it(home: Home) -> None:
    """The name is the application's own and can be anything."""
    home.register("ana")
    rp = relying_party(home, client_name="<b>Notes</b> & more")
    page = rp.walk(rp.begin(), agree=False)
    assert query_of(page)["error"] == "access_denied"
    answer = rp.begin()
    asked = rp.browser.get(answer.location)
    assert "<b>Notes" not in asked.text
    assert html.escape("<b>Notes</b> & more") in asked.text
