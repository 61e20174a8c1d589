"""Tokens in cookies: how they are set, and that no other site can use them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome

HTTPS_ISSUER = "https://id.example.org"
OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: cookies are the face's alone."""
    return sqlite_url


@pytest.fixture
def secure_home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_ISSUER=HTTPS_ISSUER)
    home.register()
    return home


def post(browser: FlaskClient, path: str, **body: Any) -> TestResponse:
    return browser.post(path, json=body, headers=OUR_PAGE)


def signed_in(home: Home) -> tuple[FlaskClient, TestResponse]:
    browser = home.client()
    body = {"username": "ana", "password": PASSWORD, "delivery": "cookie"}
    answer = post(browser, "/login", **body)
    assert answer.status_code == 200, answer.text
    return browser, answer


def set_cookies(answer: TestResponse) -> dict[str, str]:
    """By name, the rest of each Set-Cookie line."""
    lines = answer.headers.getlist("Set-Cookie")
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


def test_cookies_are_out_of_reach_of_scripts_and_other_hosts(secure_home: Home) -> None:
    """__Host- prefix, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain; no token in the body."""
    _, answer = signed_in(secure_home)
    cookies = set_cookies(answer)
    assert set(cookies) == {"__Host-portero_at", "__Host-portero_rt"}
    for attributes in cookies.values():
        rest = {part.strip() for part in attributes.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= rest
        assert not [part for part in rest if part.startswith("Domain")]
    assert "Max-Age=600" in cookies["__Host-portero_at"]
    assert "Max-Age" not in cookies["__Host-portero_rt"]
    assert answer.json is not None
    assert not {"access_token", "refresh_token"} & answer.json.keys()
    assert answer.json["user"]["username"] == "ana"
    assert answer.headers["Cache-Control"] == "no-store"


def test_on_a_loopback_http_issuer_the_same_without_prefix_and_secure(home: Home) -> None:
    """Browsers refuse the prefix there."""
    home.register()
    browser, answer = signed_in(home)
    cookies = set_cookies(answer)
    assert set(cookies) == {"portero_at", "portero_rt"}
    assert all("HttpOnly" in each and "Secure" not in each for each in cookies.values())
    assert browser.get("/protected").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": HTTPS_ISSUER}, 200),
        # A form under our own Referrer-Policy says Origin: null, and Sec-Fetch-Site the truth.
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HTTPS_ISSUER}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://id.example.org"}, 403),
        ({"Origin": "https://id.example.org.evil.example"}, 403),
        ({"Origin": "https://id.example.org:8443"}, 403),
        ({"Referer": f"{HTTPS_ISSUER}/page"}, 403),
    ],
    ids=str,
)
def test_only_our_own_pages_can_use_the_cookies(
    secure_home: Home, headers: dict[str, str], status: int
) -> None:
    """CSRF: what changes something must show that it is of this origin; a login for cookies too
    (login CSRF), and so must a refresh."""
    browser, _ = signed_in(secure_home)
    body = {"username": "ana", "password": PASSWORD, "delivery": "cookie"}
    login = secure_home.client().post("/login", json=body, headers=headers)
    assert login.status_code == status
    assert browser.post("/refresh", headers=headers).status_code == status
    patched = browser.patch("/me", json={"display_name": "X"}, headers=headers)
    assert patched.status_code == status
    assert browser.post("/logout", headers=headers).status_code == status


def test_reading_by_cookie_needs_no_proof_of_origin(secure_home: Home) -> None:
    """A link to us must open; no other site can read the answer: there is no CORS header."""
    browser, _ = signed_in(secure_home)
    answer = browser.get("/me", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_a_refresh_by_cookie_answers_by_cookie(secure_home: Home) -> None:
    """Both cookies are new, the body holds no token, and the old access token still works out."""
    browser, first = signed_in(secure_home)
    second = browser.post("/refresh", headers=OUR_PAGE)
    assert second.status_code == 200
    assert second.json is not None
    assert not {"access_token", "refresh_token"} & second.json.keys()
    assert set(set_cookies(second)) == {"__Host-portero_at", "__Host-portero_rt"}
    assert set_cookies(second) != set_cookies(first)
    assert browser.get("/me").status_code == 200


def test_a_refresh_token_in_the_body_is_answered_in_the_body(home: Home) -> None:
    """Cookies are not mixed in, though the browser has some."""
    home.register()
    tokens = home.log_in()
    browser, _ = signed_in(home)
    answer = post(browser, "/refresh", refresh_token=tokens["refresh_token"])
    assert answer.json is not None
    assert "access_token" in answer.json
    assert set_cookies(answer) == {}


def test_logging_out_by_cookie_ends_the_session_and_clears_the_cookies(
    secure_home: Home,
) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    browser, answer = signed_in(secure_home)
    copy = set_cookies(answer)["__Host-portero_at"].partition(";")[0]
    gone = browser.post("/logout", headers=OUR_PAGE)
    assert gone.status_code == 200
    cleared = set_cookies(gone)
    assert set(cleared) == {"__Host-portero_at", "__Host-portero_rt"}
    assert all(each.startswith(";") and "Max-Age=0" in each for each in cleared.values())
    assert browser.get("/me").status_code == 401
    thief = secure_home.client()
    thief.set_cookie("__Host-portero_at", copy)
    assert thief.get("/me").status_code == 401


def test_a_password_change_by_cookie_answers_by_cookie(secure_home: Home) -> None:
    """The renewed session's tokens come the way that the old ones went."""
    browser, _ = signed_in(secure_home)
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    answer = post(browser, "/password/change", **body)
    assert answer.status_code == 200
    assert answer.json is not None
    assert "access_token" not in answer.json
    assert browser.get("/me").status_code == 200
    assert browser.post("/refresh", headers=OUR_PAGE).status_code == 200


def test_a_step_can_ask_for_cookies_too(home: Home) -> None:
    """`delivery` at /login/continue, with the same demand on where it comes from."""
    home.create("ana", must_change=True)
    owes = home.post("/login", username="ana", password=PASSWORD)
    assert owes.json is not None
    step = {
        "auth_session": owes.json["auth_session"],
        "new_password": OTHER_PASSWORD,
        "delivery": "cookie",
    }
    assert home.client().post("/login/continue", json=step).status_code == 403
    browser = home.client()
    assert post(browser, "/login/continue", **step).status_code == 200
    assert browser.get("/me").status_code == 200


def test_a_cookie_is_planted_by_nobody(secure_home: Home) -> None:
    """Without the prefix's name, with two of them, or with the name in other letters: nothing."""
    _, answer = signed_in(secure_home)
    token = set_cookies(answer)["__Host-portero_at"].partition(";")[0]
    for line in (
        f"portero_at={token}",
        f"__host-portero_at={token}",
        f"=__Host-portero_at={token}",
        f"__Host-portero_at={token}; __Host-portero_at=other",
    ):
        refused = secure_home.client().get("/me", headers={"Cookie": line})
        assert refused.status_code in {400, 401}, line
