"""What a request says of itself, and a proxy of ours would have said: from anybody else it changes
nothing. Who connects from `PROXY` is believed about one thing, the address of the client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack.served import people
from tests.support.house import PASSWORD, bearer
from tests.support.production import ISSUER, PROXY, Production
from tests.support.relying_party import fields, relying_party

FAR = "198.51.100.7"
SPOOFED = {
    "X-Forwarded-For": FAR, "X-Real-IP": FAR, "True-Client-IP": FAR, "CF-Connecting-IP": FAR,
    "X-Client-IP": FAR, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
    "X-Forwarded-Scheme": "http", "X-Forwarded-Port": "80", "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil.example", "X-Host": "evil.example", "X-Script-Name": "/evil",
    "Forwarded": f"for={FAR};host=evil.example;proto=http", "X-Original-URL": "/account",
    "X-Rewrite-URL": "/account", "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE",
    "X-Forwarded-Uri": "/healthz", "X-Forwarded-Method": "GET", "Front-End-Https": "off",
    "Via": "1.1 evil.example", "Referer": "https://evil.example/",
}  # fmt: skip
IDENTITIES = {
    name: value
    for name in ("Remote-User", "X-Remote-User", "X-Forwarded-User", "X-Webauth-User",
                 "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Auth-Request-User",
                 "X-Authenticated-User", "X-Client-Cert", "X-Client-Verify", "X-SSL-Client-Cert",
                 "X-SSL-Client-Verify", "X-SSL-Client-S-DN", "SSL-Client-Cert", "Client-Cert")
    for value in ["ana" if "Cert" not in name and "Verify" not in name else "SUCCESS"]
}  # fmt: skip


def test_cve_2025_64101_nothing_that_we_say_of_ourselves_is_the_requests(home: Production) -> None:
    """The documents, the redirects, the `iss` of an answer and the links in mails: the issuer's."""
    home.create("ana", "ana@example.org")
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
                 "/api/openapi.json", "/.well-known/passkey-endpoints"):  # fmt: skip
        plain, spoofed = home.client().get(path), home.client().get(path, headers=SPOOFED)
        assert (spoofed.status_code, spoofed.data) == (200, plain.data), path
    party = relying_party(home)
    party.browser.spoofed = SPOOFED
    assert party.authorize()["iss"] == ISSUER
    for address in ("", PROXY):
        browser = home.client(address)
        answer = browser.post("/password/forgot", json={"username": "ana"}, headers=SPOOFED)
        assert answer.status_code == 202
        page = browser.get("/forgot-password", headers=SPOOFED)
        form = {**fields(page), "username": "ana"}
        sent = browser.post("/forgot-password", data=form, headers=SPOOFED)
        assert "evil" not in page.text + sent.text + (sent.location or "")
    home.deliver()
    links = [line.strip() for mail in home.mails() for line in mail.splitlines() if "://" in line]
    assert len(links) >= 2
    assert [link for link in links if not link.startswith(f"{ISSUER}/")] == []


def test_cookies_stay_those_of_https(home: Production) -> None:
    """A header that says http takes neither Secure nor the prefix away."""
    home.create("ana", "ana@example.org")
    for address in ("", PROXY):
        browser = home.client(address)
        page = browser.get("/sign-in", headers=SPOOFED)
        form = {**fields(page), "username": "ana", "password": PASSWORD}
        answers = [page, browser.post("/sign-in", data=form, headers=SPOOFED)]
        body = {"username": "ana", "password": PASSWORD, "delivery": "cookie"}
        own = {**SPOOFED, "Origin": ISSUER}
        answers.append(home.client(address).post("/login", json=body, headers=own))
        lines = [line for each in answers for line in each.headers.getlist("Set-Cookie")]
        assert len(lines) >= 4
        for line in lines:
            assert line.startswith("__Host-"), line
            assert {"Secure", "HttpOnly", "Path=/"} <= {each.strip() for each in line.split(";")}
            assert "Domain" not in line


def test_cve_2026_20896_a_header_signs_nobody_in(home: Production) -> None:
    """CVE-2026-25119, CVE-2026-63439: names and certificates in headers, of a stranger, and of the
    proxy too, which was told to write none."""
    home.create("ana", "ana@example.org")
    for address in ("", PROXY):
        asked = {"headers": {**IDENTITIES, **SPOOFED}}
        for path in ("/me", "/protected", "/oauth/userinfo"):
            assert home.client(address).get(path, **asked).status_code == 401
        for path in ("/account", "/account/security", "/requests"):
            answer = home.client(address).get(path, **asked)
            assert (answer.location or "").startswith("/sign-in"), path
        for name, value in IDENTITIES.items():
            assert home.client(address).get("/me", headers={name: value}).status_code == 401, name


def test_cve_2026_40575_no_header_names_another_route(home: Production) -> None:
    """CVE-2026-76835, CVE-2026-33494, CVE-2026-33495: neither another address nor another method,
    and no spelling of an address is a way round."""
    home.create("ana", "ana@example.org")
    token = home.log_in()["access_token"]
    for path in ("/healthz", "/", "/sign-in"):
        assert "ana@example.org" not in home.client().get(path, headers=SPOOFED).text
    answer = home.client().post("/me", headers={**SPOOFED, **bearer(token)})
    assert answer.status_code == 405
    assert home.get("/me", token).status_code == 200
    around = ("/healthz/../me", "/healthz/%2e%2e/me", "/healthz/..%2fme", "/healthz;/../me", "//me",
              "/me/", "/./me", "/ME", "/me%00", "/me%20", "/me;.css", "/me/.css", "/me%3f",
              "/static/../me", "/%6d%65", "/me?x=/healthz", "/me?/../healthz")  # fmt: skip
    for path in around:
        answer = home.client().get(path, headers=SPOOFED)
        assert answer.status_code in {400, 401, 404, 308}, (path, answer.status_code)
        assert "ana@example.org" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "id.example.org.evil.example",
        "id.example.org@e",
        "id.example.org:444",
        "127.0.0.1",
        "",
        "id.example.org, e",
    ],
)
def test_another_host_is_none_of_ours(target: Production, host: str) -> None:
    """A page that was made for another name would be the way to a poisoned link."""
    for path in ("/sign-in", "/.well-known/openid-configuration", "/me"):
        answer = target.client().get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil" not in answer.text


def test_cve_2026_108162_nobody_chooses_the_address_that_limits_count(home: Production) -> None:
    """Twenty registrations an hour of one address: whatever a stranger writes there, the next one
    is refused. Behind the proxy each client has its own twenty, of what the proxy wrote."""

    def status(address: str, number: int, written: str) -> int:
        headers = {**SPOOFED, "X-Forwarded-For": written, "X-Real-IP": f"198.51.{number}.1",
                   "Forwarded": f"for=198.51.{number}.1"}  # fmt: skip
        body = {"redirect_uris": ["https://rp.example/cb"], "id_token_signed_response_alg": "ES256"}
        return int(
            home.client(address).post("/oauth/register", json=body, headers=headers).status_code
        )

    stranger = [status("127.9.9.9", n, f"198.51.{n}.1, 203.0.{n}.1") for n in range(21)]
    assert stranger == [201] * 20 + [429]
    # Its right part is what the proxy saw; the left one is what the client wrote.
    one = [status(PROXY, n, f"198.51.{n}.1, 203.0.113.9") for n in range(21)]
    assert one == [201] * 20 + [429]
    assert status(PROXY, 50, "203.0.113.9, 192.0.77.1") == 201


def test_a_session_is_of_the_address_that_was_seen(home: Production) -> None:
    """On the page of sessions, and in what is written down."""
    home.create("ana", "ana@example.org")
    browser = home.client("127.8.8.8")
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    assert (
        browser.post("/sign-in", data=form, headers={**SPOOFED, **people.OURS}).status_code == 303
    )
    page: Any = browser.get("/account/sessions")
    assert "127.8.8.8" in page.text
    assert FAR not in page.text + home.written()["audit"] + home.server.log()
