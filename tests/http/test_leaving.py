"""Deleting one's account: everything ends at once, and for a while it can still be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.background import tidy
from portero.core.accounts.errors import NoSuchAccount
from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home, MakeHome, bearer
from tests.support.relying_party import fields, relying_party

EMAIL = "ana@example.org"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def proven(browser: FlaskClient, name: str = "ana", *, request: str = "") -> TestResponse:
    page = browser.get("/sign-in", query_string={"request": request})
    return browser.post("/sign-in", data={**fields(page), "username": name, "password": PASSWORD})


def leave(browser: FlaskClient, confirm: str = "ana") -> TestResponse:
    form = {**fields(browser.get("/account/data/delete")), "confirm": confirm}
    return browser.post("/account/data/delete", data=form)


def left(home: Home, **more: Any) -> FlaskClient:
    """The browser of somebody who has asked to be deleted."""
    home.create("ana", EMAIL, **more)
    browser = home.client()
    proven(browser)
    answer = leave(browser)
    assert answer.status_code == 200, answer.text
    assert "14 days" in answer.text
    return browser


def exists(home: Home) -> bool:
    try:
        home.house.rooms.accounts.get_by_name("ana")
    except NoSuchAccount:
        return False
    return True


def subjects(home: Home) -> list[str]:
    home.deliver()
    return [mail.split("Subject: ")[1].split("\n")[0] for mail in home.mails()]


def test_everything_ends_at_once_and_the_account_a_fortnight_later(home: Home) -> None:
    """Sessions, tokens and applications now; the account when its time is over. Mails say so."""
    home.create("ana", EMAIL)
    rp = relying_party(home)
    tokens = rp.sign_in(scope="openid offline_access")
    api = home.log_in()
    assert leave(rp.browser).status_code == 200
    assert rp.browser.get("/account").status_code == 303
    assert rp.refresh(tokens["refresh_token"]).status_code == 400
    assert home.get("/me", api["access_token"]).status_code == 401
    home.clock.let_pass(days=13, hours=23)
    tidy(home.house)
    assert exists(home)
    home.clock.let_pass(hours=2)
    tidy(home.house)
    assert not exists(home)
    assert subjects(home) == ["Your account will be deleted", "Your account was deleted"]


def test_signing_in_again_offers_to_keep_it(home: Home) -> None:
    """And there is no session before it is kept; after it nothing is due any more."""
    browser = left(home)
    page = proven(browser)
    assert page.status_code == 200
    assert "Keep your account?" in page.text
    assert browser.get("/account").status_code == 303
    kept = browser.post("/sign-in", data={**fields(page), "keep": "1"})
    assert kept.location == "/account"
    assert browser.get("/account").status_code == 200
    home.clock.let_pass(days=15)
    tidy(home.house)
    assert exists(home)
    assert subjects(home)[-1] == "Your account stays"


def test_no_other_answer_and_no_other_face_goes_round_the_question(home: Home) -> None:
    """Not without the button, not at the JSON API, not by a link to a new password."""
    browser = left(home)
    page = proven(browser)
    again = browser.post("/sign-in", data=fields(page))
    assert "Keep your account?" in again.text
    owed = home.post("/login", username="ana", password=PASSWORD)
    assert owed.status_code == 403
    assert owed.json is not None
    assert (owed.json["owed"], owed.json["options"]) == ("keep_account", ["keep"])
    for step in ({}, {"keep": False}, {"new_password": "seven lanterns under ice"}):
        auth_session = owed.get_json()["auth_session"]
        owed = home.post("/login/continue", auth_session=auth_session, **step)
        assert owed.status_code == 403
        assert owed.json is not None
        assert owed.json["owed"] == "keep_account"
    auth_session = owed.get_json()["auth_session"]
    done = home.post("/login/continue", auth_session=auth_session, keep=True)
    assert done.status_code == 200
    assert home.get("/me", done.get_json()["access_token"]).status_code == 200


def test_who_keeps_it_a_moment_before_it_is_deleted_has_it(home: Home) -> None:
    """The worker looks again at what it is about to delete."""
    browser = left(home)
    home.clock.let_pass(days=14, seconds=1)
    page = proven(browser)
    browser.post("/sign-in", data={**fields(page), "keep": "1"})
    account = home.house.rooms.accounts.get_by_name("ana")
    with pytest.raises(NoSuchAccount):
        home.house.rooms.account_admin.delete(Actor.system(), account.id, only_due=True)
    assert exists(home)


@on_sqlite
def test_it_is_confirmed_with_ones_own_name_and_a_fresh_proof(home: Home) -> None:
    """A slip, or somebody at an open laptop, deletes nothing."""
    home.create("ana", EMAIL)
    browser = home.client()
    proven(browser)
    wrong = leave(browser, "ben")
    assert wrong.status_code == 422
    assert "This is not your username." in wrong.text
    form = {**fields(browser.get("/account/data/delete")), "confirm": "ana"}
    home.clock.let_pass(minutes=16)
    stale = browser.post("/account/data/delete", data=form)
    assert stale.location == "/sign-in?request=account.data.delete"
    assert home.house.rooms.accounts.get_by_name("ana").deletion_due_at is None
    assert leave_after_proof(browser).status_code == 200


def leave_after_proof(browser: FlaskClient) -> TestResponse:
    proven(browser, request="account.data.delete")
    return leave(browser, "ANA")


@on_sqlite
def test_without_a_cooling_off_time_it_is_gone_at_once(make_home: MakeHome) -> None:
    """As an operator may set it."""
    home = make_home(PORTERO_DELETION_DAYS="0")
    home.create("ana", EMAIL)
    browser = home.client()
    proven(browser)
    assert "Your account is deleted." in leave(browser).text
    assert not exists(home)


@on_sqlite
def test_the_api_deletes_at_once(home: Home) -> None:
    """`DELETE /me` keeps its contract: a program that says so means it."""
    home.create("ana", EMAIL)
    token = home.log_in()["access_token"]
    assert home.client().delete("/me", headers=bearer(token)).status_code == 204
    assert not exists(home)
    assert subjects(home) == ["Your account was deleted"]


def test_ones_data_is_ones_own_and_holds_no_secret(home: Home) -> None:
    """Everything by its part, streamed as one JSON object; nothing of anybody else."""
    home.create("ana", EMAIL)
    home.create("ben", "ben@example.org")
    rp = relying_party(home)
    rp.sign_in()
    for _ in range(3):
        home.log_in("ben")
    browser = rp.browser
    form = fields(browser.get("/account/data"))
    answer = browser.post("/account/data/download", data=form)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    told = json.loads(answer.get_data())
    assert told["account"][0]["email"] == EMAIL
    assert [each["client_id"] for each in told["applications"]] == [rp.client_id]
    assert len(told["sessions"]) == 1
    assert {each["kind"] for each in told["activity"]} >= {"session.started", "consent.given"}
    assert told["activity"][0]["kind"] == "account.data_downloaded"
    assert "ben" not in answer.text
    assert "argon2" not in answer.text


def test_a_long_log_is_told_to_its_end(home: Home) -> None:
    """More entries than are read at once, each of them once."""
    home.create("ana", EMAIL)
    account = home.house.rooms.accounts.get_by_name("ana")
    for _ in range(2):
        home.log_in()
    before = len(home.house.audit.list_entries(account_id=account.id, limit=1000))
    parts = dict(home.house.rooms.personal_data.download(Actor.system(), account.id))
    seen = [each["id"] for each in parts["activity"]]
    assert len(seen) == len(set(seen)) == before + 1


@on_sqlite
def test_a_download_asks_for_a_fresh_proof_and_is_limited(home: Home) -> None:
    """Ten in an hour; after a quarter of an hour the person is asked who they are."""
    home.create("ana", EMAIL)
    browser = home.client()
    proven(browser)
    form = fields(browser.get("/account/data"))
    for _ in range(10):
        assert browser.post("/account/data/download", data=form).status_code == 200
    assert browser.post("/account/data/download", data=form).status_code == 429
    home.clock.let_pass(minutes=16)
    stale = browser.post("/account/data/download", data=form)
    assert stale.location == "/sign-in?request=account.data"
