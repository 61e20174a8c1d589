"""Holes that other authorization servers had, tried on this one. Each test bears their numbers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero.core.sessions import EndReason
from tests.support.house import Home, bearer
from tests.support.relying_party import (
    Pkce,
    RelyingParty,
    claims_of,
    fields,
    query_of,
    relying_party,
)

# What the answer does not depend on is tried on one database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_cve_2021_23401_nobody_is_sent_elsewhere_after_signing_in(home: Home) -> None:
    """CVE-2021-23401, CVE-2024-39694, CVE-2021-21291, CVE-2024-45399: `next` and its kin mean
    nothing here; what waits is named by a handle."""
    home.register("ana")
    for evil in (
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "javascript:x",
        "/%0d/",
    ):
        rp = relying_party(home)
        query = urlencode({"next": evil, "rd": evil, "returnUrl": evil})
        page = rp.browser.get(f"/sign-in?{query}", headers={"Referer": "https://evil.example/"})
        answer = rp.walk(page)
        assert "evil" not in (answer.location or "")
        stray = rp.browser.get(f"/sign-in?{urlencode({'request': evil})}")
        assert (stray.status_code, stray.location) == (400, None)


def test_cve_2026_32245_a_code_belongs_to_its_client(home: Home) -> None:
    """CVE-2026-32245, CVE-2026-6334: with the thief's own redirect URI or with the owner's; and
    the owner can still redeem it."""
    home.register("ana")
    rp = relying_party(home)
    thief = relying_party(home, redirect_uris=["https://thief.example/cb"])
    public = relying_party(
        home, redirect_uris=["https://spa.example/cb"], token_endpoint_auth_method="none"
    )
    code = rp.authorize()["code"]
    for other in (thief, public):
        for address in (other.redirect_uri, rp.redirect_uri):
            answer = other.redeem(code, redirect_uri=address, code_verifier=rp.pkce.verifier)
            assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    assert rp.redeem(code).status_code == 200


@on_sqlite
def test_cve_2024_22258_pkce_can_not_be_stripped(home: Home) -> None:
    """With a challenge no verifier, another, a short one; without a challenge none at all."""
    home.register("ana")
    rp = relying_party(home)
    for verifier in (None, Pkce().verifier, "short", rp.pkce.challenge):
        code = rp.authorize()["code"]
        answer = rp.redeem(code, code_verifier=verifier)
        assert answer.get_json()["error"] == "invalid_grant"
        # The guess burned the code: the right verifier comes too late.
        assert rp.redeem(code).get_json()["error"] == "invalid_grant"

    waived = relying_party(home, require_pkce=False)
    code = waived.authorize(code_challenge=None, code_challenge_method=None)["code"]
    assert waived.redeem(code).get_json()["error"] == "invalid_grant"
    code = waived.authorize(code_challenge=None, code_challenge_method=None)["code"]
    assert waived.redeem(code, code_verifier=None).status_code == 200


@on_sqlite
@pytest.mark.parametrize("secret", ["", "wrong"])
def test_cve_2026_44476_an_empty_secret_is_nobodys(home: Home, secret: str) -> None:
    """Nor does leaving it out make a confidential client a public one."""
    home.register("ana")
    rp = relying_party(home)
    code = rp.authorize()["code"]
    real, rp.secret = rp.secret, secret
    form = {"code": code, "redirect_uri": rp.redirect_uri, "code_verifier": rp.pkce.verifier}
    answer = rp.token(grant_type="authorization_code", client_id=rp.client_id, **form)
    assert answer.get_json()["error"] == "invalid_client"
    rp.secret = real
    assert rp.redeem(code).status_code == 200


@on_sqlite
def test_cve_2023_27891_consent_needs_the_person_who_was_asked(home: Home) -> None:
    """Without the browser, after signing out, or from another browser: no code."""
    home.register("ana")
    rp = relying_party(home)
    page = rp.begin()
    while page.status_code == 303:
        page = rp.browser.get(page.location)
    form = {**fields(page), "username": "ana", "password": "olive kettle wanders north"}
    page = rp.browser.post("/sign-in", data=form)
    while page.status_code == 303:
        page = rp.browser.get(page.location)
    asked = fields(page)
    assert 'action="/consent"' in page.text

    stranger = home.client()
    stranger.get("/sign-in")
    assert stranger.post("/consent", data={**asked, "decision": "allow"}).status_code == 403
    own = fields(stranger.get("/sign-in"))
    taken = {"request": asked["request"], "csrf": own["csrf"], "decision": "allow"}
    assert stranger.post("/consent", data=taken).status_code == 400

    for session in home.house.rooms.sessions.list_live(home.log_in()["user"]["id"]):
        home.house.rooms.sessions.end_all(Actor.operator(), session.account_id, EndReason.LOGOUT)
    answer = rp.browser.post("/consent", data={**asked, "decision": "allow"})
    assert "code=" not in (answer.location or "")


@on_sqlite
def test_cve_2026_58425_introspection_is_no_oracle(home: Home) -> None:
    """Another client learns of a token what it learns of a made-up one."""
    home.register("ana")
    rp, other = relying_party(home), relying_party(home)
    token = rp.sign_in()["access_token"]
    assert _ask(rp, "/oauth/introspect", token)["active"] is True
    assert _ask(other, "/oauth/introspect", token) == {"active": False}
    assert _ask(other, "/oauth/introspect", "made.up.one") == {"active": False}


@on_sqlite
def test_cve_2018_1000211_a_public_client_can_throw_its_token_away(home: Home) -> None:
    """And nobody else's (CVE-2016-6582)."""
    home.register("ana")
    rp = relying_party(
        home, redirect_uris=["https://spa.example/cb"], token_endpoint_auth_method="none"
    )
    other = relying_party(home)
    token = rp.sign_in()["access_token"]
    assert _ask(other, "/oauth/revoke", token)["error"] == "invalid_client"
    assert home.get("/oauth/userinfo", token).status_code == 200
    gone = home.client().post("/oauth/revoke", data={"token": token, "client_id": rp.client_id})
    assert gone.status_code == 200
    assert home.get("/oauth/userinfo", token).status_code == 401


@on_sqlite
def test_cve_2026_55982_userinfo_tells_what_the_scope_gives(home: Home) -> None:
    """Without openid nothing at all."""
    home.create("ana", "ana@example.org")
    rp = relying_party(home, scope="openid profile email notes:read")
    bare = rp.sign_in(scope="notes:read")
    assert home.get("/oauth/userinfo", bare["access_token"]).status_code == 403
    little = home.get("/oauth/userinfo", rp.sign_in(scope="openid")["access_token"])
    assert set(little.get_json()) == {"sub"}
    more = home.get("/oauth/userinfo", rp.sign_in(scope="openid email")["access_token"])
    assert set(more.get_json()) == {"sub", "email", "email_verified"}


def test_django_oauth_toolkit_1617_the_grace_is_for_the_last_token_alone(home: Home) -> None:
    """django-oauth-toolkit #1617. Of R1, R2, R3 the first comes back, and everything ends."""
    home.register("ana")
    rp = relying_party(home)
    first = rp.sign_in()["refresh_token"]
    second = rp.refresh(first).get_json()["refresh_token"]
    third = rp.refresh(second).get_json()
    assert rp.refresh(first).get_json()["error"] == "invalid_grant"
    assert rp.refresh(third["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert home.get("/oauth/userinfo", third["access_token"]).status_code == 401


def test_allauth_65_13_0_what_is_disabled_does_not_act(
    make_home: Any,
) -> None:
    """An account that is disabled, a client that is: tokens and refresh tokens die
    (allauth 65.13.0, CVE-2026-93999), offline ones too, and stay dead when it is enabled again."""
    home = make_home()
    account = home.register("ana")["id"]
    rp = relying_party(home)
    tokens = rp.sign_in(scope="openid offline_access")
    home.house.rooms.account_admin.disable(Actor.operator(), account)
    assert home.get("/oauth/userinfo", tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    home.house.rooms.account_admin.enable(Actor.operator(), account)
    assert rp.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"

    home.clock.let_pass(seconds=2)
    tokens = rp.sign_in()
    home.house.clients.set_state(Actor.operator(), rp.client_id, ClientState.DISABLED)
    assert home.get("/oauth/userinfo", tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_client"
    assert rp.begin().status_code == 400


@on_sqlite
def test_cve_2023_6787_a_sign_in_as_somebody_else_is_another_session(home: Home) -> None:
    """prompt=login, and another person signs in: a sid of its own, and the first one's tokens
    stay the first one's. (CVE-2025-24070.)"""
    home.register("ana")
    home.register("ben")
    rp = relying_party(home)
    ana = rp.sign_in()
    answer = rp.walk(rp.begin(prompt="login"), username="ben")
    ben = rp.redeem(query_of(answer)["code"]).get_json()
    first, second = claims_of(ana["id_token"]), claims_of(ben["id_token"])
    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]
    assert claims_of(rp.refresh(ana["refresh_token"]).get_json()["id_token"])["sub"] == first["sub"]


def _ask(rp: RelyingParty, path: str, token: str) -> Any:
    return rp.ask(path, token=token).get_json(silent=True) or {}


@on_sqlite
def test_cve_2026_34531_an_empty_token_opens_nothing(home: Home) -> None:
    """Nor does a header that only looks like one."""
    for header in ("Bearer ", "Bearer", "Bearer  ", "Basic Og==", "bearer null"):
        answer = home.client().get("/oauth/userinfo", headers={"Authorization": header})
        assert answer.status_code in {400, 401}, header
    assert home.client().get("/oauth/userinfo?access_token=x").status_code == 401
    assert home.client().get("/oauth/userinfo", headers=bearer("a.b.c")).status_code == 401
