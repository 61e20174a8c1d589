"""Advisories on sessions, cookies and logout, each by its name. (What is tried of them elsewhere
stands in docs/reference/advisories.md.)"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import portero
from portero.core.sessions import SessionEnded
from portero.kit.db import Tx
from portero.web.places import SIGN_OUT_PATH
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome, bearer
from tests.support.racing import at_once
from tests.support.relying_party import fields, relying_party

COOKIE = "portero"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def signed_in(home: Home, username: str = "ana", browser: FlaskClient | None = None) -> FlaskClient:
    browser = browser or home.client()
    form = {**fields(browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def cookie_of(browser: FlaskClient, name: str = COOKIE) -> str:
    found = browser.get_cookie(name, domain="127.0.0.1")
    return found.value if found else ""


def with_cookie(home: Home, value: str) -> FlaskClient:
    """Another browser with a copy of that cookie."""
    browser = home.client()
    browser.set_cookie(COOKIE, value)
    return browser


def live(home: Home, username: str = "ana") -> list[str]:
    rooms = home.house.rooms
    return [each.id for each in rooms.sessions.list_live(rooms.accounts.get_by_name(username).id)]


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


@on_sqlite
def test_cve_2026_7507_a_waiting_request_is_its_browsers(home: Home) -> None:
    """Keycloak: an attacker begins a sign-in and has the victim finish it. The victim's browser
    does not know the request; whatever she does, the attacker's gets neither code nor session."""
    home.register("ana")
    rp = relying_party(home)
    waiting = rp.begin().location
    assert "request=" in waiting
    victim = home.client()
    planted = victim.get(waiting)
    assert planted.status_code == 400
    own = fields(victim.get("/sign-in"))
    handle = waiting.partition("request=")[2]
    answer = victim.post(
        "/sign-in", data={**own, "request": handle, "username": "ana", "password": PASSWORD}
    )
    assert "code=" not in (answer.location or "")
    again = rp.browser.get(waiting)
    assert (again.status_code, 'name="password"' in again.text) == (200, True)
    assert not is_in(rp.browser)


@on_sqlite
def test_cve_2022_38054_a_planted_cookie_is_not_adopted(home: Home) -> None:
    """CVE-2023-46733, session fixation: the cookie of before is another one after the sign-in, and
    whoever planted or saw it is nobody; so with one of the attacker's own making."""
    home.register("ana")
    attacker = home.client()
    attacker.get("/sign-in")
    for planted in (cookie_of(attacker), "A" * 43, "x"):
        victim = with_cookie(home, planted)
        signed_in(home, browser=victim)
        assert is_in(victim)
        assert cookie_of(victim) != planted
        assert not is_in(with_cookie(home, planted))
        assert not is_in(attacker)


@on_sqlite
def test_cve_2022_38054_every_sign_in_changes_the_cookie(home: Home) -> None:
    """Also the second one of a browser in which somebody is signed in already; the copy of the
    former cookie is worth nothing, and no second session comes of it (ASVS 7.2.3, 7.2.4)."""
    home.register("ana")
    browser = signed_in(home)
    seen = [cookie_of(browser)]
    for _ in range(3):
        signed_in(home, browser=browser)
        seen.append(cookie_of(browser))
    assert len(set(seen)) == 4
    assert all(len(each) >= 43 for each in seen)
    assert [is_in(with_cookie(home, each)) for each in seen] == [False, False, False, True]
    assert len(live(home)) == 1


@on_sqlite
def test_cve_2021_21241_asking_by_get_tells_no_token(home: Home) -> None:
    """Flask-Security: GET /login as JSON told a token to whoever was signed in. No GET of ours that
    a cookie opens has a token or the cookie's value in its body."""
    home.register("ana")
    browser = signed_in(home)
    body = {"username": "ana", "password": PASSWORD, "delivery": "cookie"}
    browser.post("/login", json=body, headers={"Origin": ISSUER})
    secrets = [
        cookie_of(browser),
        cookie_of(browser, "portero_at"),
        cookie_of(browser, "portero_rt"),
    ]
    assert all(secrets)
    paths = {rule.rule for rule in home.app.url_map.iter_rules() if "<" not in rule.rule}
    paths |= {"/login", "/login/continue", "/refresh", "/password/change", "/me", "/protected"}
    for path in sorted(paths):
        answer = browser.get(path, headers={"Accept": "application/json"})
        assert answer.status_code < 500, path
        assert not [each for each in secrets if each in answer.text], path
        assert not answer.is_json or "access_token" not in (answer.json or {}), path
        secrets[0] = cookie_of(browser) or secrets[0]


@on_sqlite
@pytest.mark.parametrize(
    "header", ["=__Host-portero={}", "==__Host-portero={}", " =__Host-portero={}",
               "__host-portero={}", "__Host-portero ={}", "\t__Host-portero\t={}", "portero={}",
               "a=b, __Host-portero={}"]
)  # fmt: skip
def test_cve_2023_23934_a_nameless_cookie_is_none(make_home: MakeHome, header: str) -> None:
    """Werkzeug took `=__Host-x=1` for `__Host-x`, which a subdomain can set: even with a good value
    it is not the cookie."""
    home = make_home(PORTERO_ISSUER="https://id.example.org")
    home.register("ana")
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    answer = browser.post("/sign-in", data=form)
    (line,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-portero=")]
    good = line.partition("=")[2].partition(";")[0]

    def shown(cookie: str) -> int:
        stranger = home.app.test_client(use_cookies=False)
        return stranger.get("/account", headers={"Cookie": cookie}).status_code

    assert shown(f"__Host-portero={good}") == 200
    assert shown(header.format(good)) == 303


def test_cve_2021_41247_a_tab_does_not_bring_a_session_back(home: Home) -> None:
    """JupyterHub: a page that was open renewed the cookie after the logout. What comes afterwards
    with the old cookie is nobody's, and no answer to it sets one that is anybody's."""
    home.register("ana")
    browser = signed_in(home)
    kept = cookie_of(browser)
    tab = fields(browser.get("/account/profile"))
    ended = browser.post(SIGN_OUT_PATH, data={"csrf": tab["csrf"], "session": tab["session"]})
    assert ended.status_code < 400
    assert live(home) == []
    stale = with_cookie(home, kept)
    for _ in range(2):
        for path in ("/account", "/account/sessions", "/sign-in", "/account/profile"):
            assert stale.get(path).status_code in {200, 303}
        late = stale.post("/account/profile", data={"csrf": tab["csrf"], "session": tab["session"]})
        assert late.status_code >= 300
        assert not is_in(stale)
    assert live(home) == []
    assert not is_in(with_cookie(home, cookie_of(stale) or kept))


def test_cve_2025_46336_use_and_end_at_once_leave_it_ended(home: Home) -> None:
    """rack-session: a slow request wrote the session back that another one had deleted. Twenty at
    the same moment, of which one ends it and the others note that it was used."""
    home.register("ana")
    token = home.log_in()["access_token"]
    rooms = home.house.rooms
    account = rooms.accounts.get_by_name("ana")
    (session,) = rooms.sessions.list_live(account.id)
    home.clock.let_pass(minutes=6)

    def use(number: int) -> bool:
        if number == 7:
            return home.post("/logout", token).status_code < 300

        def touch(tx: Tx) -> None:
            rooms.sessions.touch_in(tx, session, now=home.clock.now())

        home.house.db.write(touch)
        return False

    assert at_once(use).count(True) == 1
    assert live(home) == []
    with pytest.raises(SessionEnded):
        rooms.sessions.find_live(account.id, session.id)
    assert home.get("/me", token).status_code == 401


OVERRIDES: list[dict[str, str]] = [
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-HTTP-Method": "DELETE"},
    {"X-Method-Override": "DELETE"},
]


@on_sqlite
def test_cve_2026_45075_head_and_options_are_guarded_as_get_is(home: Home) -> None:
    """Symfony guarded GET alone. Without a session each page of the console answers HEAD as GET;
    what only a POST does no other method does, whatever a header or a field calls it."""
    account = home.register("ana")
    browser, stranger = signed_in(home), home.client()
    form = fields(browser.get("/account/profile"))
    rules = [r for r in home.app.url_map.iter_rules() if r.rule.startswith("/account")]
    assert len(rules) > 15
    for rule in rules:
        if "<" in rule.rule:
            continue
        by_get, by_head = stranger.get(rule.rule), stranger.head(rule.rule)
        assert by_get.status_code == by_head.status_code, rule.rule
        assert by_get.location == by_head.location
        assert stranger.options(rule.rule).status_code != 500
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            browser.open(rule.rule, method=method, data={**form, "_method": "POST"})
    assert len(live(home)) == 1
    token = home.log_in()["access_token"]
    for headers in OVERRIDES:
        for path in ("/me", "/me/sessions"):
            home.client().get(path, headers={**headers, **bearer(token)})
            home.client().post(path, headers={**headers, **bearer(token)}, json={})
    assert home.house.rooms.accounts.get(account["id"]).is_active
    assert len(live(home)) == 2


@on_sqlite
def test_cve_2024_1249_there_is_no_frame_that_takes_messages(home: Home) -> None:
    """Keycloak's check-session frame took messages of any origin. Ours is none: discovery names
    none, and no script of a page listens to a window. (The worker that solves puzzles hears the
    page that made it, and no other: no page has it as a script.)"""
    discovery: Any = home.client().get("/.well-known/openid-configuration").json
    assert "check_session_iframe" not in discovery
    web = Path(portero.__file__).parent / "web"
    listening = re.compile(r"""(?<!worker\.)addEventListener\(\s*['"]message|onmessage""")
    scripts = (web / "static").glob("*.js")
    assert {s.name for s in scripts if listening.search(s.read_text("utf-8"))} == {"solve.js"}
    pages = [page.read_text("utf-8") for page in (web / "templates").rglob("*.html")]
    assert not [
        tag for page in pages for tag in re.findall("<script[^>]*>", page) if "solve" in tag
    ]


@on_sqlite
def test_cve_2026_40295_who_is_timed_out_is_sent_to_a_page_of_ours(home: Home) -> None:
    """Devise sent whoever came too late to the Referer."""
    home.register("ana")
    browser = signed_in(home)
    form = fields(browser.get("/account/profile"))
    home.clock.let_pass(days=15)
    for path in ("/account/profile", "/account/security/password", "/account/sessions/end-others"):
        for headers in ({"Referer": "https://evil.example/"}, {"Referer": "//evil.example"}):
            answer = browser.post(path, data=form, headers=headers)
            assert answer.status_code == 303
            assert answer.location.startswith("/sign-in?request=account.")
