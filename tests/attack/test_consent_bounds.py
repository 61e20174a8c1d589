"""What a person agreed to is all that an application gets: no other person's yes, no claim beside
the scopes, nothing after the consent or the right to it was taken away."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import RelyingParty, claims_of, fields, query_of, relying_party

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def consent_page(rp: RelyingParty, answer: TestResponse) -> TestResponse:
    """Where the browser is asked, the person being signed in."""
    while answer.status_code == 303:
        assert answer.location.startswith("/"), answer.location
        answer = rp.browser.get(answer.location)
    assert 'action="/consent"' in answer.text, answer.text
    return answer


def sign_in(rp: RelyingParty, username: str) -> None:
    form = {**fields(rp.browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert rp.browser.post("/sign-in", data=form).status_code == 303


def allow(rp: RelyingParty, page: TestResponse) -> TestResponse:
    return rp.browser.post("/consent", data={**fields(page), "decision": "allow"})


def set_scope(rp: RelyingParty, scope: str) -> None:
    """The operator changes what the client may ask for."""
    clients, house = rp.home.house.clients, rp.home.house
    old = clients.get(rp.client_id)
    new = replace(old, metadata=replace(old.metadata, scope=scope))
    assert house.db.write(lambda tx: clients.replace(tx, Actor.operator(), old, new))
    clients.announce(rp.client_id, rp.home.clock.now())


def test_one_persons_yes_is_not_anothers(home: Home) -> None:
    """Attack: Ana's question is open in one tab when Bo signs in in another. Who presses Allow
    reads Ana's name, and Bo is the newest in the browser: he is asked himself."""
    home.register("ana")
    home.register("bo")
    rp = relying_party(home)
    sign_in(rp, "ana")
    asked = consent_page(rp, rp.begin())
    assert "ana" in asked.text
    sign_in(rp, "bo")
    csrf = fields(rp.browser.get("/sign-in"))["csrf"]
    form = {**fields(asked), "csrf": csrf, "decision": "allow"}
    again = rp.browser.post("/consent", data=form)
    assert again.status_code == 200, again.location
    assert "bo" in again.text
    assert 'action="/consent"' in again.text
    tokens = rp.redeem(query_of(allow(rp, again))["code"]).get_json()
    told = home.get("/oauth/userinfo", tokens["access_token"]).get_json()
    assert told["preferred_username"] == "bo"
    bo, ana = (home.log_in(name)["user"]["id"] for name in ("bo", "ana"))
    listed = home.house.rooms.provider.connections.list_of
    assert [len(listed(account)) for account in (bo, ana)] == [1, 0]


@on_sqlite
def test_a_yes_that_answers_no_question_is_none(home: Home) -> None:
    """Attack: a script of ours that went wrong posts `allow` for a page that nobody has seen."""
    home.register("ana")
    rp = relying_party(home)
    sign_in(rp, "ana")
    asked = fields(consent_page(rp, rp.begin()))
    del asked["question"]
    assert rp.browser.post("/consent", data={**asked, "decision": "allow"}).status_code == 200


@on_sqlite
def test_a_yes_is_for_what_the_page_said(home: Home) -> None:
    """Attack: the client is given more scopes while the person reads; the new ones are shown
    before they are granted."""
    home.register("ana")
    rp = relying_party(home, scope="openid")
    sign_in(rp, "ana")
    page = consent_page(rp, rp.begin(scope="openid email"))
    assert "mail address" not in page.text
    set_scope(rp, "openid email")
    again = allow(rp, page)
    assert again.status_code == 200, again.location
    assert "mail address" in again.text
    assert query_of(allow(rp, again))["code"]


@on_sqlite
def test_no_is_no_whoever_was_asked(home: Home) -> None:
    """A refusal needs no fresh question."""
    home.register("ana")
    rp = relying_party(home)
    sign_in(rp, "ana")
    asked = fields(consent_page(rp, rp.begin()))
    del asked["question"]
    answer = rp.browser.post("/consent", data={**asked, "decision": "deny"})
    assert query_of(answer)["error"] == "access_denied"


@on_sqlite
@pytest.mark.parametrize("place", ["userinfo", "id_token"])
def test_the_claims_parameter_is_no_way_around_consent(home: Home, place: str) -> None:
    """Attack: agreed to `openid` once, and asked silently for the mail address ever after."""
    home.create("ana", "ana@example.org")
    rp = relying_party(home)
    rp.sign_in(scope="openid")
    claims = json.dumps({place: {"email": None}})
    silent = query_of(rp.begin(scope="openid", claims=claims, prompt="none"))
    assert silent["error"] == "consent_required"
    page = consent_page(rp, rp.begin(scope="openid", claims=claims))
    assert "mail address" in page.text
    tokens = rp.redeem(query_of(allow(rp, page))["code"]).get_json()
    assert tokens["scope"] == "openid"
    told = {
        "userinfo": home.get("/oauth/userinfo", tokens["access_token"]).get_json(),
        "id_token": claims_of(tokens["id_token"]),
    }
    assert told[place]["email"] == "ana@example.org"
    assert "code" in query_of(rp.begin(scope="openid", claims=claims, prompt="none"))


@on_sqlite
def test_the_claims_parameter_gives_no_scope_that_the_client_may_not_have(home: Home) -> None:
    """Attack: a client that is open to `openid` alone names the claims of other scopes."""
    home.create("ana", "ana@example.org")
    rp = relying_party(home, scope="openid")
    asked = {
        place: {"email": {"essential": True}, "name": None} for place in ("userinfo", "id_token")
    }
    tokens = rp.sign_in(scope="openid", claims=json.dumps(asked))
    assert set(home.get("/oauth/userinfo", tokens["access_token"]).get_json()) == {"sub"}
    assert "email" not in claims_of(tokens["id_token"])


@on_sqlite
def test_a_code_dies_with_the_consent(home: Home) -> None:
    """Attack: a code that was kept back brings the application in again after it was put out."""
    home.register("ana")
    rp = relying_party(home)
    code = rp.authorize(scope="openid offline_access")["code"]
    account = home.log_in()["user"]["id"]
    connections = home.house.rooms.provider.connections
    connections.withdraw(Actor.operator(), account, rp.client_id)
    assert rp.redeem(code).get_json()["error"] == "invalid_grant"


@on_sqlite
def test_an_offline_grant_dies_with_the_right_to_one(home: Home) -> None:
    """The operator takes `offline_access` from the client: what it holds is over, not narrowed.
    (CVE-2025-12110, GHSA-895x-rfqp-jh5c.)"""
    home.register("ana")
    rp = relying_party(home, scope="openid email offline_access")
    tokens = rp.sign_in(scope="openid offline_access")
    set_scope(rp, "openid email")
    assert rp.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


@on_sqlite
def test_a_refresh_follows_the_clients_scopes(home: Home) -> None:
    """What the client may not have any more is left out, an ID token without `openid` too; and
    where nothing is left there is no token."""
    home.register("ana")
    rp = relying_party(home, scope="openid email profile")
    tokens = rp.sign_in(scope="openid email")
    set_scope(rp, "email profile")
    renewed = rp.refresh(tokens["refresh_token"]).get_json()
    assert renewed["scope"] == "email"
    assert "id_token" not in renewed
    set_scope(rp, "profile")
    assert rp.refresh(renewed["refresh_token"]).get_json()["error"] == "invalid_grant"


@on_sqlite
def test_a_refresh_follows_the_scopes_of_named_claims(home: Home) -> None:
    """The operator takes `email` from the client: a claims parameter of before tells it no more."""
    home.create("ana", email="ana@mail.example")
    rp = relying_party(home, scope="openid email profile")
    asked = {place: {"email": None, "name": None} for place in ("userinfo", "id_token")}
    tokens = rp.sign_in(scope="openid", claims=json.dumps(asked))
    assert claims_of(tokens["id_token"])["email"] == "ana@mail.example"
    set_scope(rp, "openid profile")
    renewed = rp.refresh(tokens["refresh_token"]).get_json()
    assert claims_of(renewed["access_token"])["userinfo_claims"] == ["name"]
    assert "email" not in claims_of(renewed["id_token"])


@on_sqlite
def test_a_refresh_follows_the_operators_resources(make_home: MakeHome) -> None:
    """An API that was taken away gets no new tokens, named or not; and a mistake costs no token."""
    notes = "https://notes.example/api"
    home = make_home(PORTERO_RESOURCES=notes)
    home.register("ana")
    rp = relying_party(home, scope="openid offline_access")
    token = rp.sign_in(scope="openid offline_access", resource=notes)["refresh_token"]
    rp.home = make_home()
    for more in ({}, {"resource": notes}):
        assert rp.refresh(token, **more).get_json()["error"] == "invalid_target"
    rp.home = home
    assert claims_of(rp.refresh(token).get_json()["access_token"])["aud"] == notes


@on_sqlite
@pytest.mark.parametrize(
    ("registered", "kept"),
    [
        ("https://app.example/cb?tenant=a", {"tenant": "a"}),
        ("https://app.example/cb?", {}),
        ("https://app.example/cb?tenant=a&", {"tenant": "a"}),
    ],
)
def test_the_registered_query_is_kept_and_adds_no_name(
    home: Home, registered: str, kept: dict[str, str]
) -> None:
    """RFC 6749 §3.1.2: the answer is added to it, and a client's parser finds `code` by its name
    whatever the query ends in."""
    home.register("ana")
    rp = relying_party(home, redirect_uris=[registered])
    answer = rp.authorize()
    assert set(answer) == {"code", "state", "iss", *kept}
    assert kept.items() <= answer.items()
    assert rp.redeem(answer["code"]).status_code == 200
