"""Advisories on sign-in, recovery, proofs of an address and names, each by its name. (What is tried
of them elsewhere stands in docs/reference/advisories.md.)"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from portero.core.audit import Actor
from portero.protocol.jose.algorithms import SigningAlg
from tests.support.authenticator_app import enrolled_app
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import fields, relying_party

ROOT = Path(__file__).parents[2]
MAILBOX = "ana@example.org"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_cve_2017_1000433_no_check_is_an_assert() -> None:
    """pysaml2 compared a password in an `assert`, which `python -O` leaves out. What is shipped has
    none but such as tell the type checker of what class a value is."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for source in ("src", "guard/src")
        for path in (ROOT / source).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assert) and not ast.unparse(node.test).startswith("isinstance(")
    ]
    assert found == []


GARBAGE = ["", ",", "garbage", "999.1.1.1", "::ffff:", "127.0.0.1, evil", "a" * 4000, "%00", "[::1",
           "1.2.3.4:99999, x", "unknown", "_hidden"]  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("proxied", [False, True], ids=["from a stranger", "from a proxy"])
def test_cve_2024_47070_an_odd_address_skips_no_step(make_home: MakeHome, proxied: bool) -> None:
    """authentik: X-Forwarded-For that nobody could read made a policy fail, and the password was
    not asked for. Here it is an odd request or none, at each step, and never a step further."""
    trusted = {"PORTERO_TRUSTED_PROXIES": "127.0.0.1/32"} if proxied else {}
    home = make_home(**trusted)
    home.register("ana")
    enrolled_app(home)
    for odd in GARBAGE:
        headers = {"X-Forwarded-For": odd}
        browser = home.client()
        form = {**fields(browser.get("/sign-in", headers=headers)), "username": "ana"}
        wrong = browser.post("/sign-in", data={**form, "password": "wrong"}, headers=headers)
        assert wrong.status_code in {400, 401}, odd
        form["password"] = PASSWORD
        page = browser.post("/sign-in", data=form, headers=headers)
        assert page.status_code in {200, 400}, odd
        assert browser.get("/account", headers=headers).status_code in {303, 400}, odd
        body = {"username": "ana", "password": PASSWORD}
        answer = home.client().post("/login", json=body, headers=headers)
        assert answer.status_code in {400, 403}, odd
        assert "access_token" not in answer.text


def test_cve_2026_55670_a_name_that_is_free_again_brings_nothing(home: Home) -> None:
    """Zitadel: who took the name of somebody deleted got what was theirs. Neither tokens, sessions,
    consent, factors, links nor the pairwise or public name that applications know."""
    first = home.create("ana", MAILBOX)
    enrolled_app(home)
    rp = relying_party(home)
    home.post("/password/forgot", username="ana")
    link = home.mailed_token("/reset-password")
    home.house.rooms.account_admin.delete(Actor.operator(), first.id)
    again = home.create("ana", MAILBOX)
    assert again.id != first.id
    late = home.client().post("/password/reset", json={"token": link, "new_password": "x" * 20})
    assert late.status_code == 422
    token = home.log_in()["access_token"]  # no factor is owed
    listed: Any = home.get("/me/sessions", token).json
    assert len(listed["sessions"]) == 1
    page = rp.browser.get(rp.begin().location)
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    page = rp.browser.post("/sign-in", data=form)
    while page.status_code == 303:
        page = rp.browser.get(page.location)
    assert 'action="/consent"' in page.text or "passkey" in page.text


@on_sqlite
@pytest.mark.parametrize("name", ["victim@example.org", "victim\uff20example.org", "a@b",
                                  "victim\ufe6bexample.org", "@victim"])  # fmt: skip
def test_cve_2021_3754_a_username_is_no_mail_address(home: Home, name: str) -> None:
    """Keycloak let somebody take another's address as a name: who then typed the address was the
    other. With an @ in whatever form it is no name; nobody signs in by it but its owner."""
    home.create("ana", "victim@example.org")
    answer = home.post("/register", username=name, password=PASSWORD)
    assert answer.status_code == 422
    me: Any = home.post("/login", username="victim@example.org", password=PASSWORD).json
    assert me["user"]["username"] == "ana"


ODD_MAILBOXES = {
    "CVE-2026-73420 fullwidth @": "ana\uff20evil.example",
    "CVE-2026-73420 small @": "ana\ufe6bevil.example",
    "CVE-2026-73420 two of them": "ana@example.org\uff20evil.example",
    "CVE-2022-35924 a list": "ana@example.org,eve@evil.example",
    "CVE-2022-35924 a semicolon": "ana@example.org;eve@evil.example",
    "CVE-2025-8419 a recipient": '"a\r\nRCPT TO:<eve@evil.example>"@example.org',
    "CVE-2025-8419 a header": "ana@example.org\nBcc: eve@evil.example",
    "CVE-2025-8419 a quoted one": '"ana b"@example.org',
    "CVE-2025-8419 an escaped line": "ana%0d%0aBcc:eve@example.org",
    "a comment": "ana(eve@evil.example)@example.org",
    "an angle": "<ana@example.org>",
    "a name": "Ana <ana@example.org>",
    "NUL": "ana\0@example.org",
}


@on_sqlite
@pytest.mark.parametrize("odd", ODD_MAILBOXES.values(), ids=ODD_MAILBOXES)
def test_cve_2025_8419_what_is_no_mailbox_gets_no_mail(home: Home, odd: str) -> None:
    """At registration, by invitation, in the profile and where a link is asked for: refused, or
    nobody's; and no line of a mail names anybody else."""
    made = home.post("/register", username="ana", password=PASSWORD, email=odd)
    assert made.status_code in {201, 422}
    if made.status_code == 422:
        home.register("ana")
    token = home.log_in()["access_token"]
    changed = home.client().patch("/me", json={"email": odd}, headers=bearer(token))
    assert changed.status_code == made.status_code - (1 if made.status_code == 201 else 0)
    asked = home.post("/password/forgot", username=odd)
    assert asked.status_code in {202, 422}
    home.deliver()
    raw = b"".join(path.read_bytes() for path in (home.folder / "mail").glob("*.eml")).lower()
    assert b"evil.example" not in raw
    assert b"\nbcc" not in raw


@on_sqlite
def test_cve_2024_41953_a_name_is_text_in_a_mail(home: Home) -> None:
    """CVE-2021-21393, Zitadel: a display name with markup became a link in our letter. No name that
    somebody chose stands in a mail as anything but text, and none makes a header."""
    home.create("ana", MAILBOX)
    token = home.log_in()["access_token"]
    evil = 'Ana <a href="https://evil.example">click</a>'
    changed = home.client().patch("/me", json={"display_name": evil}, headers=bearer(token))
    assert changed.status_code == 200
    home.post("/password/forgot", username="ana")
    body = {"current_password": PASSWORD, "new_password": "nine pelicans row past dawn"}
    assert home.post("/password/change", token, **body).status_code == 200
    home.deliver()
    mails = [path.read_text("utf-8") for path in (home.folder / "mail").glob("*.eml")]
    assert len(mails) == 2
    assert not [
        mail for mail in mails if "evil.example" in mail and '<a href=3D"https://evil' in mail
    ]
    assert not [mail for mail in mails if "https://evil" in mail]


POISON: list[dict[str, str]] = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "http://evil.example/"},
    {"X-Forwarded-Prefix": "//evil.example"},
    {"X-Original-URL": "https://evil.example/"},
    {"Forwarded": "host=evil.example;proto=http"},
    {"Origin": ISSUER, "Referer": "https://evil.example/"},
]


@on_sqlite
@pytest.mark.parametrize("headers", POISON, ids=str)
@pytest.mark.parametrize("proxied", [False, True], ids=["from a stranger", "from a proxy"])
def test_cve_2025_64101_a_link_to_a_new_password_leads_to_us(
    make_home: MakeHome, headers: dict[str, str], proxied: bool
) -> None:
    """GHSA-93m4-mfpg-c3xf, Zitadel: links were made of what a request says of itself. Ours are of
    PORTERO_ISSUER alone, whoever asked, and the answer sends nobody elsewhere either."""
    trusted = {"PORTERO_TRUSTED_PROXIES": "127.0.0.1/32"} if proxied else {}
    home = make_home(**trusted)
    home.create("ana", MAILBOX)
    answer = home.client().post("/password/forgot", json={"username": "ana"}, headers=headers)
    browser = home.client()
    form = {**fields(browser.get("/forgot-password", headers=headers)), "username": "ana"}
    page = browser.post("/forgot-password", data=form, headers=headers)
    assert "evil" not in (answer.text + page.text + (page.location or ""))
    home.deliver()
    links = [line for mail in home.mails() for line in mail.splitlines() if "://" in line]
    assert links
    assert all(line.strip().startswith(ISSUER) for line in links)


@on_sqlite
def test_cve_2026_52809_a_link_lives_as_long_as_its_own_purpose(home: Home) -> None:
    """Gogs: a link to a new password lived as long as one that proves an address. Each to the
    second, and none is any other's."""
    home.create("ana", MAILBOX)
    home.register("ben", email="ben@example.org")
    to_verify = home.mailed_token("/verify-email")
    home.post("/password/forgot", username="ana")
    to_reset = home.mailed_token("/reset-password")
    home.clock.let_pass(minutes=29, seconds=50)
    assert home.client().get(f"/reset-password?token={to_reset}").status_code == 200
    home.clock.let_pass(seconds=11)
    body = {"token": to_reset, "new_password": "nine pelicans row past dawn"}
    assert home.client().post("/password/reset", json=body).status_code == 422
    home.house.keys.keep((SigningAlg.ES256,))
    assert home.client().post("/email/verify", json={"token": to_reset}).status_code == 422
    assert home.client().post("/email/verify", json={"token": to_verify}).status_code == 200
