"""Odd input to the console's forms, and acting for somebody else by naming what is theirs."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from tests.support.house import PASSWORD, Home
from tests.support.relying_party import RelyingParty, fields, query_of, relying_party

pytestmark = pytest.mark.sqlite_alone


ODD = ("\x00", "a\x00b", "\ud800", "x" * 5000, "%zz", "{{7*7}}", "\u202eevil", "", "-1", "1e9")
# Every form of the console with its fields.
FORMS = {
    "/account/profile": ("display_name", "locale", "zoneinfo", "picture"),
    "/account/profile/email": ("email",),
    "/account/profile/confirm-email": (),
    "/account/profile/phone": ("phone",),
    "/account/profile/phone/code": ("code",),
    "/account/security/password": ("current_password", "new_password"),
    "/account/security/choose-password": ("new_password",),
    "/account/security/codes/send": ("kind",),
    "/account/security/codes/add": ("kind", "code"),
    "/account/security/codes/remove": ("kind", "id"),
    "/account/sessions/end": ("id",),
    "/account/sessions/end-others": (),
    "/account/applications/disconnect": ("client_id",),
    "/account/data/delete": ("confirm",),
}


def signed_in(home: Home, name: str) -> tuple[RelyingParty, dict[str, str]]:
    """An application that somebody uses, and what every form of theirs sends along."""
    home.create(name, f"{name}@example.org")
    rp = relying_party(home, client_name=f"Notes of {name}")
    assert query_of(rp.walk(rp.begin(), username=name))["code"]
    page = fields(rp.browser.get("/account/profile"))
    return rp, {each: page[each] for each in ("csrf", "session")}


def posted(browser: FlaskClient, path: str, form: dict[str, str]) -> int:
    return browser.post(
        path,
        data=urlencode(form, errors="surrogatepass"),
        content_type="application/x-www-form-urlencoded",
    ).status_code


@pytest.mark.parametrize("path", FORMS)
def test_no_field_of_the_console_breaks_it(home: Home, path: str) -> None:
    """Each field odd, missing and twice; on PostgreSQL, which chokes on NUL, as well."""
    rp, own = signed_in(home, "ana")
    good = dict.fromkeys(FORMS[path], "1")
    for name in (*FORMS[path], "session"):
        for value in ODD:
            status = posted(rp.browser, path, {**own, **good, name: value})
            assert status < 500, (name, value[:20])
        rest = {each: text for each, text in {**own, **good}.items() if each != name}
        assert posted(rp.browser, path, rest) < 500, name
        twice = rp.browser.post(path, data={**own, **good, name: ["1", "2"]})
        assert twice.status_code < 500, name


def test_no_address_of_the_console_breaks_it(home: Home) -> None:
    """Where an old page of the log begins, and what else stands in an address."""
    rp, _ = signed_in(home, "ana")
    for page in ("", "/activity", "/sessions", "/profile", "/data", "/security"):
        for name in ("before", "id", "session", "request"):
            for value in ODD:
                query = urlencode({name: value}, errors="surrogatepass")
                assert rp.browser.get(f"/account{page}?{query}").status_code < 500, (name, value)


@pytest.mark.parametrize("path", FORMS)
def test_naming_a_strangers_session_acts_for_nobody(home: Home, path: str) -> None:
    """IDOR: Eve's browser, her own token, and the id of Ana's session in the form. She is asked who
    she is; Ana has her name, her sessions and her applications."""
    ana, anas = signed_in(home, "ana")
    eve, eves = signed_in(home, "eve")
    before = home.house.rooms.accounts.get_by_name("ana")
    named = {"id": anas["session"], "client_id": ana.client_id, "confirm": "ana"}
    for session in (anas["session"], anas["session"].upper()):
        form = {**dict.fromkeys(FORMS[path], "Eve"), **named, **eves, "session": session}
        answer = eve.browser.post(path, data=form)
        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in"), answer.location
    assert home.house.rooms.accounts.get_by_name("ana") == before
    assert len(home.house.rooms.sessions.list_live(before.id)) == 1
    assert len(home.house.rooms.provider.connections.list_of(before.id)) == 1


def test_what_is_a_strangers_is_nothing_here(home: Home) -> None:
    """In her own session Eve names what is Ana's: it is not found, and it stays."""
    ana, anas = signed_in(home, "ana")
    eve, eves = signed_in(home, "eve")
    account = home.house.rooms.accounts.get_by_name("ana")
    for path, named in (
        ("/account/sessions/end", {"id": anas["session"]}),
        ("/account/applications/disconnect", {"client_id": ana.client_id}),
    ):
        assert posted(eve.browser, path, {**eves, **named}) == 404
    assert posted(eve.browser, "/account/data/delete", {**eves, "confirm": "ana"}) == 422
    assert len(home.house.rooms.sessions.list_live(account.id)) == 1
    assert len(home.house.rooms.provider.connections.list_of(account.id)) == 1
    assert account.deletion_due_at is None
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 200
