"""Several people in one browser, and who goes on."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import RelyingParty, claims_of, fields, query_of, relying_party

ANA, EVE = "ana", "eve"


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    for name in (ANA, EVE):
        home.create(name)
    return home


@pytest.fixture
def rp(home: Home) -> RelyingParty:
    return relying_party(home)


def sign_in(browser: FlaskClient, username: str) -> None:
    page = browser.get("/sign-in?other=1")
    typed = {**fields(page), "username": username, "password": PASSWORD}
    assert browser.post("/sign-in", data=typed).status_code == 303


def sid_of(home: Home, username: str) -> str:
    account_id = home.house.rooms.accounts.get_by_name(username).id
    (session,) = home.house.rooms.sessions.list_live(account_id)
    return session.id


def choose(browser: FlaskClient, page: Any, sid: str) -> Any:
    return browser.post("/accounts", data={**fields(page), "session": sid})


def who(home: Home, rp: RelyingParty, answer: Any) -> str:
    """The name of whoever the application is told of in the end."""
    code = query_of(rp.walk(answer))["code"]
    told = claims_of(rp.redeem(code).get_json()["id_token"])
    return home.house.rooms.accounts.get(told["sub"]).username


def test_the_application_gets_whom_the_person_chose(home: Home, rp: RelyingParty) -> None:
    """`prompt=select_account` shows everybody who is signed in, and needs no password again."""
    sign_in(rp.browser, ANA)
    sign_in(rp.browser, EVE)
    begun = rp.begin(prompt="select_account")
    page = rp.browser.get(rp.browser.get(begun.location).location)
    assert page.status_code == 200
    assert f">{ANA}<" in page.text
    assert f">{EVE}<" in page.text
    assert who(home, rp, choose(rp.browser, page, sid_of(home, ANA))) == ANA


def test_somebody_else_can_sign_in_instead(home: Home, rp: RelyingParty) -> None:
    """Also after a choice: the one who signs in last is meant."""
    sign_in(rp.browser, ANA)
    begun = rp.begin(prompt="select_account")
    page = rp.browser.get(rp.browser.get(begun.location).location)
    other = rp.browser.get(begun.location + "&other=1")
    typed = {**fields(other), "username": EVE, "password": PASSWORD}
    assert page.status_code == 200
    assert who(home, rp, rp.browser.post("/sign-in", data=typed)) == EVE


def test_nobody_signed_in_means_the_sign_in_page(home: Home, rp: RelyingParty) -> None:
    """There is nobody to choose."""
    begun = rp.begin(prompt="select_account")
    assert who(home, rp, begun) == ANA


def test_a_choice_that_is_too_old_for_the_application_is_proven_anew(
    home: Home, rp: RelyingParty
) -> None:
    """And is not passed over for somebody who happens to be fresh enough."""
    sign_in(rp.browser, ANA)
    home.clock.let_pass(seconds=600)
    sign_in(rp.browser, EVE)
    begun = rp.begin(prompt="select_account", max_age="60")
    page = rp.browser.get(rp.browser.get(begun.location).location)
    chosen = choose(rp.browser, page, sid_of(home, ANA))
    back = rp.browser.get(chosen.location)
    assert back.location.startswith("/sign-in")
    assert ANA in rp.browser.get(back.location).text
    assert who(home, rp, back) == ANA


def test_the_account_page_is_of_whom_one_chose(home: Home) -> None:
    """Until somebody signs in."""
    browser = home.client()
    sign_in(browser, ANA)
    sign_in(browser, EVE)
    assert f">{EVE}<" in browser.get("/account").text
    assert choose(browser, browser.get("/accounts"), sid_of(home, ANA)).location == "/account"
    assert f">{ANA}<" in browser.get("/account").text
    sign_in(browser, EVE)
    assert f">{EVE}<" in browser.get("/account").text


@pytest.mark.parametrize("sid", ["", "x", "\0", "another"])
def test_only_sessions_of_this_browser_can_be_chosen(home: Home, sid: str) -> None:
    """IDOR: another browser's session is named, whose id an application may know."""
    browser, other = home.client(), home.client()
    sign_in(browser, ANA)
    sign_in(other, EVE)
    named = sid_of(home, EVE) if sid == "another" else sid
    page = browser.get("/accounts")
    for path in ("/accounts", "/accounts/sign-out"):
        answer = browser.post(path, data={**fields(page), "session": named})
        assert answer.status_code == 404
    assert f">{EVE}<" in other.get("/account").text
    assert f">{ANA}<" in browser.get("/account").text


def test_one_of_several_signs_out(home: Home) -> None:
    """The others stay; with the last one the cookie goes too."""
    browser = home.client()
    sign_in(browser, ANA)
    sign_in(browser, EVE)
    page = browser.get("/accounts")
    left = browser.post("/accounts/sign-out", data={**fields(page), "session": sid_of(home, EVE)})
    assert left.status_code == 200
    assert f">{ANA}<" in browser.get("/account").text
    page = browser.get("/accounts")
    browser.post("/accounts/sign-out", data={**fields(page), "session": sid_of(home, ANA)})
    assert browser.get("/account").status_code == 303


def test_another_site_chooses_nobody(home: Home) -> None:
    """CSRF: neither a choice nor a sign-out without our own form."""
    browser = home.client()
    sign_in(browser, ANA)
    for path in ("/accounts", "/accounts/sign-out"):
        answer = browser.post(path, data={"session": sid_of(home, ANA)})
        assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("issuer", "cleared"),
    [("https://id.example.org", True), ("https://id.example.org/auth", False)],
)
def test_signing_out_leaves_nothing_to_go_back_to(
    make_home: MakeHome, issuer: str, cleared: bool
) -> None:
    """Caches, on a host that is ours alone; the browser stays a known one. Not `storage`: with it
    would go the service worker of a device on which sign-ins are approved."""
    home = make_home(PORTERO_ISSUER=issuer)
    home.create(ANA)
    browser = home.client()
    sign_in(browser, ANA)
    left = browser.post("/sign-out", data=fields(browser.get("/account")))
    assert left.status_code == 200
    expected = '"cache"' if cleared else None
    assert left.headers.get("Clear-Site-Data") == expected
    assert not any("portero_device" in each for each in left.headers.getlist("Set-Cookie"))
