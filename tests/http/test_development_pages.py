"""What is there while developing, is there for this machine alone, and nowhere in production."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.house import ISSUER, Home, MakeHome
from tests.support.relying_party import RelyingParty, fields

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def csp(answer: TestResponse) -> str:
    return str(answer.headers["Content-Security-Policy"])


PAGES = ["/styleguide", "/dev/mail", "/demo"]


@pytest.mark.parametrize("path", PAGES)
def test_a_developer_sees_them(home: Home, path: str) -> None:
    """On a loopback issuer, from this machine."""
    answer = home.client().get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PAGES)
def test_in_production_they_are_not_there(make_home: MakeHome, path: str) -> None:
    """Behind a public issuer, even for the machine itself."""
    home = make_home(PORTERO_ISSUER="https://id.example.org")
    assert home.client().get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_proxy_ends_development(make_home: MakeHome, path: str) -> None:
    """Whoever trusts a proxy has callers from elsewhere."""
    home = make_home(PORTERO_TRUSTED_PROXIES="127.0.0.1/32")
    assert home.client().get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_another_machine_sees_nothing(home: Home, path: str) -> None:
    """The peer is not of this machine."""
    answer = home.client().get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 404


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
@pytest.mark.parametrize("path", PAGES)
def test_who_comes_through_a_tunnel_sees_nothing(home: Home, path: str, header: str) -> None:
    """A proxy on this machine that nobody told us of, and that calls us by our own name."""
    answer = home.client().get(path, headers={header: "203.0.113.9"})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_another_name_sees_nothing(make_home: MakeHome, path: str) -> None:
    """Attack (DNS rebinding): a site whose name now leads to this machine asks for the page."""
    home = make_home(PORTERO_ALLOWED_HOSTS="evil.example:8000")
    answer = home.client().get(path, base_url="http://evil.example:8000")
    assert answer.status_code == 404


def test_the_style_guide_shows_both_schemes_and_both_ways_of_writing(home: Home) -> None:
    """Whatever the browser prefers."""
    page = home.client().get("/styleguide?scheme=dark&lang=ar").text
    assert 'dir="rtl" class="scheme-dark"' in page
    assert 'class="scheme' not in home.client().get('/styleguide?scheme="x').text


def mail_of(home: Home) -> str:
    """The address of the page of a mail that was just written."""
    home.create("ana", "ana@example.org")
    home.post("/password/forgot", username="ana")
    home.deliver()
    found = re.search(r'href="(/dev/mail/[^"]+)"', home.client().get("/dev/mail").text)
    assert found is not None
    return found[1]


@on_sqlite
def test_a_mail_is_read_in_the_browser(home: Home) -> None:
    """Its text, with links to follow, and its HTML in a frame that can do nothing."""
    assert "No mail yet" in home.client().get("/dev/mail").text
    place = mail_of(home)
    answer = home.client().get(place)
    assert "ana@example.org" in answer.text
    assert re.search(r'<a href="http://127.0.0.1:8000/reset-password\?token=[\w-]+"', answer.text)
    assert f'<iframe class="letter" src="{place}/html" sandbox ' in answer.text
    assert "frame-src http://127.0.0.1:8000;" in csp(answer) + ";"
    framed = home.client().get(f"{place}/html")
    assert "<style>" in framed.text
    assert csp(framed).startswith("default-src 'none'; style-src 'unsafe-inline'; sandbox;")
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


@on_sqlite
@pytest.mark.parametrize(
    "name", ["..%2Fsecret_key", "secret_key", "x.eml", "20260101T000000Z-a.eml"]
)
def test_no_other_file_is_read(home: Home, name: str) -> None:
    """Attack: a name that leads out of the folder; and one that nobody wrote."""
    mail_of(home)
    (home.folder / "mail" / "secret_key").write_text("s3cret")
    (home.folder / "mail" / "x.eml").write_text("s3cret")
    for path in (f"/dev/mail/{name}", f"/dev/mail/{name}/html"):
        answer = home.client().get(path)
        assert answer.status_code == 404
        assert "s3cret" not in answer.text


@on_sqlite
def test_mails_that_are_sent_are_not_kept(make_home: MakeHome) -> None:
    """Then there is nothing to show."""
    home = make_home(PORTERO_SMTP_HOST="127.0.0.1", PORTERO_SMTP_TLS="off")
    assert "mails go there" in home.client().get("/dev/mail").text


def demo_of(home: Home, *, agree: bool = True) -> tuple[FlaskClient, str]:
    """The demo's client, walked by somebody: their browser, and where it is sent in the end."""
    home.create("ana", "ana@example.org")
    browser = home.client()
    begun = browser.post("/demo", data=fields(browser.get("/demo")))
    assert begun.status_code == 303
    party = RelyingParty(home, "", "", browser)
    answer = party.walk(browser.get(begun.location.removeprefix(ISSUER)), agree=agree)
    return browser, answer.location.removeprefix(ISSUER)


@on_sqlite
def test_the_demo_shows_what_it_receives(home: Home) -> None:
    """Each check of the ID token holds, and each claim is explained."""
    browser, place = demo_of(home)
    page = browser.get(place).text
    assert page.count(">yes</span>") == 5
    assert ">no</span>" not in page
    for claim in ("nonce", "at_hash", "auth_time", "client_id", "preferred_username"):
        assert f"<code>{claim}</code>" in page
    assert '"refresh_token"' in page
    # The code is spent: a second look is told so.
    again = browser.get(place).text
    assert "invalid_grant" in again
    assert "ID token, checked" not in again


@on_sqlite
def test_the_demo_takes_no_answer_to_another_question(home: Home) -> None:
    """Attack (CSRF on the redirect URI, RFC 6749 §10.12): a stranger's code is not redeemed."""
    browser, place = demo_of(home)
    page = home.client().get(place).text
    assert "This answers another question" in page
    refused = browser.get("/demo/callback?error=access_denied&state=other").text
    assert "This answers another question" in refused
    assert browser.get(place).text.count(">yes</span>") == 5


@on_sqlite
def test_a_person_who_refuses_is_an_answer_too(home: Home) -> None:
    """The error is shown, and nothing is asked for."""
    browser, place = demo_of(home, agree=False)
    assert "access_denied" in browser.get(place).text


@on_sqlite
def test_the_demo_begins_where_its_cookie_comes_back_to(home: Home) -> None:
    """Under another name of this machine it would not be there again."""
    answer = home.client().get("/demo", base_url="http://localhost:8000")
    assert (answer.status_code, answer.location) == (303, f"{ISSUER}/demo")


@on_sqlite
def test_only_our_own_form_begins_a_demo(home: Home) -> None:
    """It makes a client: nobody else's page may."""
    assert home.client().post("/demo").status_code == 403
