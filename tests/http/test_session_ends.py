"""How a session ends (ASVS 5.0 V7): by time, by its owner, by an operator; and then it is over
everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.authenticator_app import enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import fields, relying_party


def signed_in(home: Home) -> FlaskClient:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code in {200, 303}
    return browser


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def let_pass(home: Home, **span: float) -> None:
    """With the care that a running server takes of its keys."""
    home.clock.let_pass(**span)
    home.house.keys.keep((SigningAlg.ES256,))
    home.house.feed.poll()


def test_use_makes_no_session_last_longer_than_was_said(make_home: MakeHome) -> None:
    """ASVS 7.3.2: used every three days in both faces, and over to the second after thirty."""
    home = make_home(
        PORTERO_SESSION_SECONDS="2592000", PORTERO_SESSION_IDLE_SECONDS="345600",
        PORTERO_KEEP_SIGNED_IN="always",
    )  # fmt: skip
    home.register()
    tokens, browser = home.log_in(), signed_in(home)
    for _ in range(9):
        let_pass(home, days=3)
        answer = home.post("/refresh", refresh_token=tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.json
        assert is_in(browser)
    let_pass(home, days=2, hours=23, minutes=59)
    tokens = home.post("/refresh", refresh_token=tokens["refresh_token"]).json
    assert tokens is not None
    assert is_in(browser)
    let_pass(home, minutes=1, seconds=2)
    assert home.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 401
    assert home.get("/me", tokens["access_token"]).status_code == 401
    assert not is_in(browser)


def test_an_unused_session_is_over(make_home: MakeHome) -> None:
    """ASVS 7.3.1: a minute before its time it lives, at its time it does not."""
    home = make_home(PORTERO_SESSION_IDLE_SECONDS="3600", PORTERO_KEEP_SIGNED_IN="always")
    home.register()
    early, late = signed_in(home), signed_in(home)
    let_pass(home, minutes=59)
    assert is_in(early)
    let_pass(home, minutes=1)
    assert not is_in(late)
    assert is_in(early)


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_with_the_account_everything_ends(home: Home, end: str) -> None:
    """ASVS 7.4.1, 7.4.2: the cookie, the tokens of the JSON API and those of an application, and
    an offline one; disabled and enabled again nothing of it comes back."""
    account = home.register()
    browser, own = signed_in(home), home.log_in()
    rp = relying_party(home, scope="openid profile email offline_access")
    theirs = rp.sign_in(scope="openid profile email offline_access")
    assert home.get("/oauth/userinfo", theirs["access_token"]).status_code == 200

    def opened() -> list[object]:
        rp_refresh = rp.refresh(theirs["refresh_token"]).status_code
        return [
            is_in(browser), is_in(rp.browser), home.get("/me", own["access_token"]).status_code,
            home.get("/protected", own["access_token"]).status_code,
            home.post("/refresh", refresh_token=own["refresh_token"]).status_code,
            home.get("/oauth/userinfo", theirs["access_token"]).status_code, rp_refresh,
        ]  # fmt: skip

    admin = home.house.rooms.account_admin
    getattr(admin, end)(Actor.operator(), account["id"])
    shut = [False, False, 401, 401, 401, 401, 400]
    assert opened() == shut
    if end == "disable":
        admin.enable(Actor.operator(), account["id"])
        assert opened() == shut
        home.log_in()


def test_a_thief_in_an_open_browser_puts_nobody_out(home: Home) -> None:
    """ASVS 7.5.2: to end other sessions one proves who one is, on the page and with a token; with
    the factor that is enrolled, where there is one. Signing out oneself needs nothing."""
    home.register()
    owner, stolen = home.log_in(), signed_in(home)
    tokens = home.log_in()
    home.clock.let_pass(minutes=16)
    form = fields(stolen.get("/account/profile"))
    for action in ("end", "end-others"):
        answer = stolen.post(f"/account/sessions/{action}", data={**form, "id": "x"})
        assert answer.location == "/sign-in?request=account.sessions"
    answered: Any = home.post("/refresh", refresh_token=tokens["refresh_token"]).json
    renewed = answered["access_token"]
    listed: Any = home.get("/me/sessions", renewed).json
    sid = listed["sessions"][0]["id"]
    for path in ("/me/sessions", f"/me/sessions/{sid}"):
        answer = home.client().delete(path, headers={"Authorization": f"Bearer {renewed}"})
        assert answer.status_code == 401
        assert "insufficient_user_authentication" in answer.headers["WWW-Authenticate"]
    assert home.post("/logout", renewed, all=True).status_code == 401
    assert home.post("/refresh", refresh_token=owner["refresh_token"]).status_code == 200
    assert home.post("/logout", renewed).status_code < 300


def test_a_password_alone_ends_no_session_of_two_factors(home: Home) -> None:
    """A session from before the factor was enrolled is fresh, and still not enough."""
    home.register()
    before = home.log_in()["access_token"]
    enrolled_app(home)
    answer = home.client().delete("/me/sessions", headers={"Authorization": f"Bearer {before}"})
    assert answer.status_code in {401, 403}
    account = home.house.rooms.accounts.get_by_name("ana")
    assert len(home.house.rooms.sessions.list_live(account.id)) == 2


def test_an_operator_ends_sessions(home: Home) -> None:
    """ASVS 7.4.5: all of one account, and nobody else's."""
    home.register()
    home.register("ben")
    browser, bens = signed_in(home), home.log_in("ben")["access_token"]
    tokens = home.log_in()
    account = home.house.rooms.accounts.get_by_name("ana")
    ended = home.house.rooms.sessions.end_all(Actor.operator(), account.id, EndReason.REVOKED)
    assert ended == 2
    assert not is_in(browser)
    assert home.post("/refresh", refresh_token=tokens["refresh_token"]).status_code == 401
    assert home.get("/me", bens).status_code == 200
