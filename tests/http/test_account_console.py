"""The account console: who gets in and comes back where, and that nobody acts for anybody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.audit import Actor
from portero.core.sessions import EndReason, Session
from portero.settings import SettingsError
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.places import LISBON, write_places
from tests.support.relying_party import fields, relying_party

PAGES = ("", "/profile", "/security", "/security/password", "/security/codes", "/sessions",
         "/applications", "/activity")  # fmt: skip

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def signed_in(home: Home, username: str = "ana", *, agent: str = "") -> FlaskClient:
    browser = home.client()
    browser.environ_base["HTTP_USER_AGENT"] = agent
    form = {**fields(browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def sent(browser: FlaskClient, page: str, path: str = "", **typed: str) -> TestResponse:
    """Fill in the form of a page of the console, and send it (to `path`, where that is another)."""
    shown = fields(browser.get("/account/profile"))
    own = {name: shown[name] for name in ("csrf", "session")}
    return browser.post(f"/account{path or page}", data={**own, **typed})


def live_of(home: Home, username: str) -> list[Session]:
    account = home.house.rooms.accounts.get_by_name(username)
    return home.house.rooms.sessions.list_live(account.id)


@pytest.mark.parametrize("page", PAGES)
def test_the_way_out_is_on_each_page(home: Home, page: str) -> None:
    """ASVS 7.4.4, and it works from there."""
    home.register()
    browser = signed_in(home)
    shown = browser.get(f"/account{page}")
    (form,) = re.findall(
        r'<form method="post" action="/sign-out">.*?</form>', shown.text, re.DOTALL
    )
    assert "Sign out" in form
    browser.post("/sign-out", data={"csrf": fields(shown)["csrf"]})
    assert live_of(home, "ana") == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_who_is_there_and_comes_back(home: Home, page: str) -> None:
    """To the page that was asked for, not only to the first one; the navigation marks it."""
    home.register()
    browser = home.client()
    answer = browser.get(f"/account{page}")
    assert answer.status_code == 303
    form = {**fields(browser.get(answer.location)), "username": "ana", "password": PASSWORD}
    back = browser.post("/sign-in", data=form)
    assert back.location == f"/account{page}"
    shown = browser.get(back.location)
    assert shown.status_code == 200
    assert shown.text.count('aria-current="page"') == 1
    assert shown.text.count("<h1") == 1


@pytest.mark.parametrize(
    "handle",
    [
        "account.//evil.example",
        "account...evil",
        "account./evil.example",
        "account.Security",
        "account.%2e%2e.evil",
        "account.a.b.c.d.e.f",
        "account.",
    ],
)
def test_the_way_back_leads_nowhere_else(home: Home, handle: str) -> None:
    """Open redirect: what is no page of the console is no errand at all."""
    assert home.client().get("/sign-in", query_string={"request": handle}).status_code == 400


def test_a_page_that_does_not_exist_is_one_of_ours(home: Home) -> None:
    """Somebody's invented page below /account leads to nothing, on this server."""
    home.register()
    browser = home.client()
    page = browser.get("/sign-in?request=account.nothing-here")
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    location = browser.post("/sign-in", data=form).location
    assert location == "/account/nothing-here"
    assert browser.get(location).status_code == 404


def test_what_was_done_is_said_once_and_by_nobody_else(home: Home) -> None:
    """The sentence is shown after the redirect, gone after it, and can't be planted."""
    home.register()
    browser = signed_in(home)
    answer = sent(browser, "/profile", display_name="Ana Lima")
    assert (answer.status_code, answer.location) == (303, "/account/profile")
    first, second = browser.get("/account/profile"), browser.get("/account/profile")
    assert "Your profile is saved." in first.text
    assert "Your profile is saved." not in second.text
    thief = signed_in(home)
    sent(thief, "/profile", display_name="Ana Lima")
    stolen = thief.get_cookie("portero_done", domain="127.0.0.1")
    assert stolen is not None
    browser.set_cookie("portero_done", stolen.value)
    assert "Your profile is saved." not in browser.get("/account/profile").text
    for planted in ("", ".", "x.y", "IA==." + "0" * 64, "\u00e9.a"):
        browser.set_cookie("portero_done", planted)
        page = browser.get("/account/profile")
        assert page.status_code == 200
        assert 'role="status"' not in page.text


def test_a_bad_field_is_shown_again_with_what_was_typed(home: Home) -> None:
    """And nothing of the form is kept."""
    home.register()
    browser = signed_in(home)
    page = sent(browser, "/profile", display_name="x" * 201, zoneinfo="Europe/Madrid")
    assert page.status_code == 422
    assert fields(page)["display_name"] == "x" * 201
    assert 'aria-invalid="true"' in page.text
    assert home.house.rooms.accounts.get_by_name("ana").zoneinfo == ""


def test_a_form_without_its_token_does_nothing(home: Home) -> None:
    """CSRF, on every form of the console."""
    home.register()
    browser = signed_in(home)
    signed_in(home)
    for path in ("/profile", "/security/password", "/sessions/end", "/sessions/end-others",
                 "/applications/disconnect"):  # fmt: skip
        assert browser.post(f"/account{path}", data={"display_name": "x"}).status_code == 403
    assert len(live_of(home, "ana")) == 2
    assert home.house.rooms.accounts.get_by_name("ana").display_name == ""


def test_a_page_of_somebody_who_left_acts_for_nobody(home: Home) -> None:
    """Two people in one browser: a form that was shown to one does nothing for the other."""
    home.register()
    home.register("ben")
    browser = signed_in(home)
    page = fields(browser.get("/account/profile"))
    (anas,) = live_of(home, "ana")
    form = {**fields(browser.get("/sign-in")), "username": "ben", "password": PASSWORD}
    browser.post("/sign-in", data=form)
    home.house.rooms.sessions.end_all(Actor.operator(), anas.account_id, EndReason.REVOKED)
    fresh = fields(browser.get("/account/profile"))["csrf"]
    answer = browser.post(
        "/account/profile", data={**page, "csrf": fresh, "display_name": "Not Ben"}
    )
    assert answer.location == "/sign-in?request=account.profile"
    assert home.house.rooms.accounts.get_by_name("ben").display_name == ""


def test_a_session_is_ended_by_its_owner_alone(home: Home) -> None:
    """IDOR: the id of a stranger's session is nothing here."""
    home.register()
    home.register("ben")
    ana, ben = signed_in(home), signed_in(home, "ben")
    (bens,) = live_of(home, "ben")
    assert sent(ana, "/sessions", "/sessions/end", id=bens.id).status_code == 404
    assert live_of(home, "ben") == [bens]
    elsewhere = signed_in(home)
    other = next(each for each in live_of(home, "ana") if each.id in elsewhere_ids(elsewhere))
    assert sent(ana, "/sessions", "/sessions/end", id=other.id).status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert ben.get("/account").status_code == 200


def elsewhere_ids(browser: FlaskClient) -> set[str]:
    """The session that a browser's own pages name."""
    return {fields(browser.get("/account/profile"))["session"]}


def test_all_others_are_ended_and_this_one_stays(home: Home) -> None:
    """Those without a browser too."""
    home.register()
    home.log_in()
    browser, other = signed_in(home), signed_in(home)
    assert sent(browser, "/sessions", "/sessions/end-others").status_code == 303
    assert other.get("/account").status_code == 303
    page = browser.get("/account/sessions").text
    assert "You are signed out everywhere else." in page
    assert page.count("This device") == 1
    assert len(live_of(home, "ana")) == 1


def test_a_password_is_changed_in_the_page(home: Home) -> None:
    """Every other session ends, and a copy of this browser's cookie is nothing from now on."""
    home.register()
    browser, other = signed_in(home), signed_in(home)
    kept = browser.get_cookie("portero", domain="127.0.0.1")
    assert kept is not None
    wrong = sent(
        browser, "/security/password", current_password="wrong", new_password=OTHER_PASSWORD
    )
    assert wrong.status_code == 422
    assert "The password is wrong." in wrong.text
    answer = sent(
        browser, "/security/password", current_password=PASSWORD, new_password=OTHER_PASSWORD
    )
    assert answer.location == "/account/security"
    assert "Your new password is in force." in browser.get(answer.location).text
    assert other.get("/account").status_code == 303
    thief = home.client()
    thief.set_cookie("portero", kept.value)
    assert thief.get("/account").status_code == 303
    assert home.post("/login", username="ana", password=OTHER_PASSWORD).status_code == 200


def test_activity_is_ones_own(home: Home) -> None:
    """In sentences, the newest first, a page at a time; a stranger's entry opens nothing."""
    home.register()
    home.register("ben")
    browser = signed_in(home)
    for _ in range(30):
        home.log_in()
    home.post("/login", username="ana", password="wrong")
    home.post("/login", username="ben", password="wrong")
    page = browser.get("/account/activity")
    assert page.text.count("A sign-in failed.") == 1
    assert page.text.count("You signed in.") == 24
    assert "Your account was made." not in page.text
    older = page.text.split("?before=")[1].split('"')[0]
    second = browser.get(f"/account/activity?before={older}").text
    assert "Your account was made." in second
    assert second.count("You signed in.") == 31 - 24
    for odd in ("x", "\x00", "9" * 200, older.upper()):
        assert browser.get("/account/activity", query_string={"before": odd}).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_activity_calls_an_application_by_its_name(home: Home) -> None:
    """Connected or not; one that is gone by no id, which nobody knows it by."""
    home.create("ana")
    rp = relying_party(home, client_name="Bank & Co")
    rp.sign_in()
    client_id = rp.client_id
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    rooms.provider.connections.withdraw(Actor.system(), account_id, client_id)
    page = rp.browser.get("/account/activity").text
    assert "You disconnected <bdi>Bank &amp; Co</bdi>." in page
    home.house.clients.delete(Actor.operator(), client_id)
    page = rp.browser.get("/account/activity").text
    assert "You disconnected <bdi>(a deleted application)</bdi>." in page
    assert client_id not in page


def test_pages_speak_the_accounts_language(home: Home) -> None:
    """Before what the browser prefers."""
    home.register()
    browser = signed_in(home)
    sent(browser, "/profile", locale="de")
    page = browser.get("/account/profile", headers={"Accept-Language": "fr"})
    assert '<html lang="de"' in page.text


def test_a_session_says_which_device_and_where(make_home: MakeHome, tmp_path: Path) -> None:
    """By the names that people use, from the operator's own file."""
    places = write_places(tmp_path / "places.mmdb", {"127.0.0.0/8": LISBON})
    home = make_home(PORTERO_GEOIP_FILE=str(places))
    home.register(locale="de")
    browser = signed_in(home, agent=FIREFOX)
    for page in ("/account/sessions", "/account/activity"):
        shown = browser.get(page).text
        assert "Firefox auf Linux" in shown
        assert "Lissabon, Portugal" in shown


def test_a_file_that_holds_no_places_stops_the_start(make_home: MakeHome, tmp_path: Path) -> None:
    """An operator who asked for places is told why there would be none."""
    (tmp_path / "places.mmdb").write_text("no such thing")
    with pytest.raises(SettingsError, match="PORTERO_GEOIP_FILE"):
        make_home(PORTERO_GEOIP_FILE=str(tmp_path / "places.mmdb"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_of_activity_is_read_along_an_index(home: Home) -> None:
    """However long the log is: by owner, from its newest entry, and without sorting. (SQLite tells
    its plan whatever the size of the table; the indexes are the same on both.)"""
    home.register()
    browser = signed_in(home)
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        sent.append((statement, parameters))

    engine = home.house.db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    assert browser.get(f"/account/activity?before={'f' * 36}").status_code == 200
    sa.event.remove(engine, "before_cursor_execute", note)
    ((text, values),) = [each for each in sent if "FROM audit_entries" in each[0]]
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
    steps = [
        step.detail for step in plan if "audit_entries" in step.detail or "B-TREE" in step.detail
    ]
    assert len(steps) == 1, steps
    assert "ix_audit_entries_account_id_id (account_id=? AND id<?)" in steps[0]
