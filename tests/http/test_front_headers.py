"""What `portero serve` answers by itself and at its endpoints has the headers that every page has.

(ASVS 3.2.1, 3.4.1 to 3.4.6, 14.3.2. Of Flask's own answers: `test_hosts`.)"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from portero.app import create_front
from portero.web.headers import page_headers
from tests.support.house import Home, MakeHome

ISSUER = "https://id.example.org"
FORM = {"content-type": "application/x-www-form-urlencoded"}
# Method, path, headers, body, status. A refusal of the front comes before any route is looked at.
ASKED = [
    ("GET", "/healthz", {}, b"", 200),
    ("GET", "/.well-known/jwks.json", {}, b"", 200),
    ("GET", "/.well-known/openid-configuration", {}, b"", 200),
    ("OPTIONS", "/oauth/token", {}, b"", 204),
    ("POST", "/oauth/token", FORM, b"grant_type=client_credentials", 401),
    ("POST", "/oauth/introspect", FORM, b"token=x", 401),
    ("POST", "/oauth/revoke", FORM, b"token=x", 401),
    ("POST", "/oauth/par", FORM, b"scope=openid", 401),
    ("GET", "/oauth/userinfo", {}, b"", 401),
    ("GET", "/oauth/authorize", {}, b"", 400),
    ("GET", "/protected", {}, b"", 401),
    ("GET", "/sign-in", {}, b"", 200),
    ("GET", "/nothing-here", {}, b"", 404),
    ("GET", "/oauth/token", {}, b"", 405),
    ("TRACE", "/oauth/token", {}, b"", 405),
    ("TRACE", "/sign-in", {}, b"", 405),
    ("POST", "/oauth/token", FORM, b"x" * 100_000, 413),
    ("GET", "/a%2Fb", {}, b"", 400),
    ("GET", "/healthz", {"cookie": "x" * 20_000}, b"", 431),
    ("GET", "/sign-in", {"host": "evil.example"}, b"", 400),
]  # fmt: skip
KEPT = {"/.well-known/jwks.json", "/.well-known/openid-configuration"}


@pytest.fixture(name="home")
def _home(make_home: MakeHome) -> Home:
    return make_home(PORTERO_ISSUER=ISSUER)


def answered(
    home: Home, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> httpx2.Response:
    front = create_front(home.house)

    async def run() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=front)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
            return await client.request(method, path, headers=dict(headers), content=body)

    return asyncio.run(run())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_answer_of_the_front_is_closed(home: Home) -> None:
    """The attack: have a browser take a token, a key set or a refusal for a page or a script; or
    find the one answer by which it does not learn to insist on https."""
    everywhere = page_headers(hsts=True)
    del everywhere["Content-Security-Policy"]  # a page may lead out of here, and says so in it
    for method, path, sent, body, status in ASKED:
        answer = answered(home, method, path, sent, body)
        where, expected = f"{method} {path}", dict(everywhere)
        assert answer.status_code == status, (where, answer.text)
        if method == "GET" and path in KEPT:
            expected["Cache-Control"] = "public, max-age=300"
        told = {name: ", ".join(answer.headers.get_list(name)) for name in expected}
        assert told == expected, where
        kind = answer.headers.get("content-type", "")
        is_page = kind == "text/html; charset=utf-8"
        assert is_page or kind.startswith("application/") or not answer.content, where
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)


WEB = Path(__file__).parents[2] / "src/portero/web"
PUBLIC = {"oidc/jwks.py", "oidc/metadata.py", "oidc/status_list.py"}


def saying(text: str) -> set[str]:
    return {
        str(path.relative_to(WEB)) for path in WEB.rglob("*.py") if text in path.read_text("utf-8")
    }


def test_only_what_is_the_same_for_everybody_is_kept_on_the_way() -> None:
    """ASVS 14.2.2, 14.3.2: a new answer is stored by nobody until it is named here."""
    files = {"render.py", "passkey_documents.py"}
    assert saying('"public, max-age=') == PUBLIC | files


def test_other_origins_read_what_is_public_or_what_they_prove_alone() -> None:
    """ASVS 3.4.2: `*` and nothing else, by no header of the request, and never with cookies."""
    assert saying("Access-Control-Allow-Origin") == PUBLIC | {"oidc/cors.py"}
    assert saying('Access-Control-Allow-Origin", "*"') == PUBLIC | {"oidc/cors.py"}
    assert saying("Access-Control-Allow-Credentials") == set()
    # Who answers to pages of other origins reads no cookie: each is known by what it is shown.
    told = saying("import CORS") | saying("*CORS")
    assert told & (saying('header("cookie")') | saying("cookies.head(")) == set()
