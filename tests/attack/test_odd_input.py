"""Input that no browser of ours sends: an answer that says so, and never a 500."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.support.house import PASSWORD, Home
from tests.support.relying_party import RelyingParty, fields, relying_party

# A NUL, or half a surrogate, is nothing to SQLite and an error to PostgreSQL.
pytestmark = pytest.mark.each_case_on_each_database

ODD = [
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 5000,
    "%",
    "%zz",
    "' OR 1=1 --",
    "{{7*7}}",
    "\u202eevil",
    "",
]
PAGES = ["/sign-in", "/forgot-password", "/sign-up", "/verify-email", "/reset-password", "/device",
         "/requests"]  # fmt: skip


def open_form(home: Home, path: str) -> tuple[RelyingParty, dict[str, str]]:
    """The page's form in the browser of somebody who is signed in."""
    home.register("ana")
    rp = relying_party(home)
    rp.sign_in()
    # A page that a mailed link opens has no form for whoever comes without one.
    csrf = fields(rp.browser.get("/account"))["csrf"]
    return rp, {"csrf": csrf, **fields(rp.browser.get(path))}


def encoded(form: dict[str, str]) -> str:
    return urlencode(form, errors="surrogatepass")


@pytest.mark.parametrize("path", PAGES)
def test_no_field_of_a_page_breaks_it(home: Home, path: str) -> None:
    """Each field in turn, and one that the form has not."""
    rp, form = open_form(home, path)
    extra = {"owed", "auth_session", "decision", "token", "session", "id", "new_password"}
    for name in ({*form} | extra) - {"csrf"}:
        for value in ODD:
            answer = rp.browser.post(
                path,
                data=encoded({**form, "password": PASSWORD, name: value}),
                content_type="application/x-www-form-urlencoded",
            )
            assert answer.status_code < 500, (name, value[:20])
            assert "982007569" not in answer.text  # a template made of what was typed


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/authorize",
        "/oauth/authorize/continue",
        "/oauth/logout",
        "/consent",
        "/device",
        *PAGES,
    ],
)
def test_no_address_breaks_a_page(home: Home, path: str) -> None:
    """Whatever stands in the query, and by whatever method."""
    rp, _ = open_form(home, "/sign-in")
    good = rp.parameters()
    for name in (*good, "request", "request_uri", "claims", "prompt", "max_age", "id_token_hint",
                 "resource", "authorization_details", "ui_locales", "token", "user_code",
                 "post_logout_redirect_uri"):  # fmt: skip
        for value in ODD:
            query = encoded({**good, name: value})
            answer = rp.browser.get(f"{path}?{query}")
            assert answer.status_code < 500, (name, value[:20])
    for query in ("%", "a=%ff", "=", "&&&", "client_id", "x" * 9000, "&".join(["a=1"] * 500)):
        assert rp.browser.get(f"{path}?{query}").status_code < 500, query[:20]
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "POST"):
        answer = rp.browser.open(path, method=method, data=b"\xff\xfe\x00", content_type="text/x")
        assert answer.status_code < 500, method


@pytest.mark.parametrize(
    "path",
    ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par", "/oauth/device",
     "/oauth/ciba",
     "/oauth/register", "/oauth/userinfo"],
)  # fmt: skip
def test_no_form_breaks_an_endpoint(home: Home, path: str) -> None:
    """Nor an Authorization header."""
    rp = relying_party(home)
    names = ("grant_type", "client_id", "client_secret", "client_assertion", "code", "token",
             "auth_req_id", "login_hint", "id_token_hint", "binding_message", "requested_expiry",
             "refresh_token", "scope", "resource", "subject_token", "assertion", "device_code",
             "redirect_uri", "code_verifier", "request", "access_token")  # fmt: skip
    form = {"grant_type": "authorization_code", "client_id": rp.client_id, "token": "x"}
    form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    for name in names:
        for value in (*ODD, "at~", "a.b.c", "." * 3, "e30.e30.e30"):
            answer = home.client().post(
                path,
                data=encoded({**form, name: value}),
                content_type="application/x-www-form-urlencoded",
            )
            assert answer.status_code < 500, (name, value[:20])
    for header in (
        "Basic",
        "Basic %%%",
        "Basic gIE=",
        "Bearer \xff",
        "DPoP x",
        "Bearer at~" + "x" * 43,
    ):
        answer = home.client().post(path, data=form, headers={"Authorization": header})
        assert answer.status_code < 500, header
    for body in (b"", b"\xff", b"[" * 10_000, b'{"a":' * 2000, b"null"):
        answer = home.client().post(path, data=body, content_type="application/json")
        assert answer.status_code < 500, body[:10]
