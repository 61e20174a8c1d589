"""What each answer says of itself to a browser: that nobody may frame it, that what it is is not to
be guessed, that it is not to be kept."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.attack.served import people
from tests.attack.served.people import OURS
from tests.attack.served.routes import NEEDS, path_of
from tests.support.production import HOST, Production
from tests.support.wire import Reply

HTML = {"Accept": "text/html"}
# Public documents, which programs of any origin read and caches keep: nobody is in them.
DOCUMENTS = {
    "GET /.well-known/jwks.json", "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/openid-configuration", "GET /.well-known/passkey-endpoints",
    "GET /.well-known/webauthn", "GET /oauth/status-list",
}  # fmt: skip


def faults(answer: Reply) -> list[str]:
    """What is missing of the headers that every answer has."""
    said = answer.headers
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in said.get("Content-Security-Policy", "").split(";")
    )
    unsafe = [part for part in policy.values() if "unsafe" in part or "*" in part.split()]
    elsewhere = [
        part
        for name, part in policy.items()
        if name not in {"frame-src"} and ("http:" in part or "https:" in part)
    ]
    right = {
        "default-src": policy.get("default-src") == "'none'",
        "frame-ancestors": policy.get("frame-ancestors") == "'none'",
        "no unsafe source": not unsafe and not elsewhere,
        "X-Frame-Options": said.get("X-Frame-Options") == "DENY",
        "nosniff": said.get("X-Content-Type-Options") == "nosniff",
        "Referrer-Policy": said.get("Referrer-Policy") == "strict-origin",
        "HSTS": said.get("Strict-Transport-Security", "").startswith("max-age=63072000"),
        "Cache-Control": answer.status_code == 204 or bool(said.get("Cache-Control")),
        "no Server": "werkzeug" not in said.get("Server", "").lower(),
        "once": len({name.lower() for name, _ in said}) == len(said) - _repeated(said),
    }
    return [name for name, holds in right.items() if not holds]


def _repeated(said: Any) -> int:
    """Headers that may come twice."""
    lines = [name.lower() for name, _ in said]
    return sum(lines.count(name) - 1 for name in {"set-cookie", "vary", "www-authenticate"}
               if name in lines)  # fmt: skip


def test_no_answer_of_any_route_may_be_framed_or_guessed(home: Production) -> None:
    """Clickjacking: every method of every address that there is, to nobody and to Ana, as a page
    and as what a program reads."""
    home.create("ana", "ana@example.org")
    ana, nobody = people.in_a_browser(home, "ana").browser, people.anonymous(home).browser
    wrong = []
    for route in NEEDS:
        method = route.partition(" ")[0]
        for who in (ana, nobody):
            for accept in ({}, HTML):
                if method != "GET" and who is ana:
                    continue
                answer = who.open(path_of(route), method=method, headers={**accept})
                found = set(faults(answer))
                if answer.status_code == 200 and "no-store" not in answer.headers["Cache-Control"]:
                    found |= {"kept"} if _is_personal(route) else set()
                if found:
                    wrong.append((route, answer.status_code, sorted(found)))
    assert wrong == [], "\n".join(map(str, wrong))


def _is_personal(route: str) -> bool:
    return not (
        route in DOCUMENTS
        or route.partition(" ")[2].startswith(("/static", "/brand", "/theme", "/push", "/api"))
    )


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nothing-here", {}, 404),
    ("GET", "/nothing-here", {"headers": HTML}, 404),
    ("GET", "/static/../../etc/passwd", {}, 404),
    ("GET", "/static/%2e%2e/%2e%2e/etc/passwd", {}, 404),
    ("GET", "/%2fevil.example", {}, 400),
    ("PUT", "/sign-in", {}, 405),
    ("TRACE", "/sign-in", {}, 405),
    ("GET", "/sign-in", {"headers": {"Host": "evil.example"}}, 400),
    ("GET", "/oauth/authorize?client_id=nobody", {"headers": HTML}, 400),
    ("POST", "/sign-in", {"data": "a=" + "x" * 300_000}, 413),
    ("POST", "/login", {"data": "x" * 300_000, "content_type": "application/json"}, 413),
    ("POST", "/login", {"data": "a=b"}, 415),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), REFUSED, ids=lambda v: str(v)[:30])
def test_nor_what_is_refused(
    target: Production, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    """By whatever part of the server: the pages, the table of endpoints, the front before both."""
    answer = target.client().open(path, method=method, **sent)
    assert answer.status_code == status
    assert faults(answer) == []
    assert "Traceback" not in answer.text
    assert "/src/portero" not in answer.text


def test_what_is_no_http_gets_no_answer_of_ours(target: Production) -> None:
    """Heads that two parsers read in two ways: the connection ends, and whatever follows in it is
    not answered as another request."""
    smuggled = f"GET /me HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
    heads = (
        f"POST /login HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        f"POST /login HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n"
        f"Content-Length: {len(smuggled)}\r\n\r\n{smuggled}",
        f"GET / HTTP/1.1\r\nHost: {HOST}\r\nHost: evil.example\r\n\r\n{smuggled}",
        f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-A: b\r\n c\r\n\r\n{smuggled}",
        f"GET / HTTP/1.1\r\nHost : {HOST}\r\n\r\n{smuggled}",
        f"GET /\x00 HTTP/1.1\r\nHost: {HOST}\r\n\r\n{smuggled}",
    )
    for head in heads:
        with socket.create_connection(("127.0.0.1", target.server.port), timeout=10) as line:
            line.sendall(head.encode("latin-1"))
            told = b""
            while piece := line.recv(65536):
                told += piece
        assert told.count(b"HTTP/1.1 ") <= 1, head
        assert b" 400 " in told.partition(b"\r\n")[0] or not told, (head, told[:200])


@pytest.mark.long_attack
def test_a_page_of_ours_is_read_by_no_other_origin(home: Production) -> None:
    """CORS: only what programs of any origin read answers to another one, and to it without
    credentials (CVE-2024-41657, CVE-2023-36829)."""
    home.create("ana", "ana@example.org")
    ana = people.in_a_browser(home, "ana").browser
    origins = ("https://evil.example", "null", f"https://{HOST}.evil.example",
               f"https://evil{HOST}", f"http://{HOST}")  # fmt: skip
    shared = set()
    for route in NEEDS:
        method = route.partition(" ")[0]
        for origin in origins:
            answer = ana.open(path_of(route), method=method, headers={"Origin": origin})
            assert "Access-Control-Allow-Credentials" not in answer.headers, route
            if answer.headers.get("Access-Control-Allow-Origin"):
                assert answer.headers["Access-Control-Allow-Origin"] == "*", route
                shared.add(route)
    assert {path_of(route) for route in shared} <= {
        *(path_of(route) for route in DOCUMENTS), "/oauth/token", "/oauth/revoke", "/oauth/par",
        "/oauth/device", "/oauth/userinfo", "/oauth/register", "/oauth/ciba", "/oauth/introspect",
    }  # fmt: skip
    assert people.in_a_browser(home, "ana").browser.get("/account", headers=OURS).status_code == 200
