"""What a person says about themselves on the console's pages: every field, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor
from portero.core.factors.password import store
from portero.core.login.errors import PasswordThere
from portero.core.sessions import SessionEnded
from portero.kit.secrets import Secret
from tests.support.codes import texted_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.racing import at_once
from tests.support.relying_party import fields

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DECLARED = """
[attributes.team]
type = "enum"
values = ["sales", "support"]
required = true

[attributes.floor]
type = "integer"

[attributes.newsletter]
type = "boolean"

[attributes.nickname]
max_length = 10

[attributes.grade]
owner_editable = false
"""


def signed_in(home: Home, password: str = PASSWORD) -> FlaskClient:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": password}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def save(browser: FlaskClient, path: str = "/account/profile", **typed: str) -> TestResponse:
    own = {name: text for name, text in fields(browser.get(path)).items() if name in _OURS}
    return browser.post(path, data={**own, **typed})


_OURS = {"csrf", "session"}


@on_sqlite
def test_every_field_is_saved_and_cleared(home: Home) -> None:
    """An empty field clears; one that is refused keeps the others as they were."""
    home.create("ana")
    browser = signed_in(home)
    given = {
        "display_name": "Ana Lima",
        "locale": "de",
        "zoneinfo": "Europe/Madrid",
        "picture": "https://pictures.example/ana.png",
    }
    assert save(browser, **given).status_code == 303
    account = home.house.rooms.accounts.get_by_name("ana")
    assert {name: getattr(account, name) for name in given} == given
    refused = save(browser, **{**given, "display_name": "", "picture": "http://plain.example/x"})
    assert refused.status_code == 422
    assert 'id="picture-fault"' in refused.text
    assert home.house.rooms.accounts.get_by_name("ana").display_name == "Ana Lima"
    assert save(browser, **dict.fromkeys(given, "")).status_code == 303
    account = home.house.rooms.accounts.get_by_name("ana")
    assert {getattr(account, name) for name in given} == {""}


@on_sqlite
def test_no_field_but_those_of_the_form_is_assigned(home: Home) -> None:
    """Mass assignment: a state, a name, a proof."""
    home.create("ana", "ana@example.org")
    browser = signed_in(home)
    before = home.house.rooms.accounts.get_by_name("ana")
    save(browser, display_name="x", email="eve@example.org", email_verified="1", state="disabled",
         username="root", phone="+4915123456712", deletion_due_at="2026-01-01")  # fmt: skip
    after = home.house.rooms.accounts.get_by_name("ana")
    for name in ("email", "email_verified", "state", "username", "phone", "deletion_due_at"):
        assert getattr(after, name) == getattr(before, name)


@on_sqlite
def test_declared_attributes_have_a_field_of_their_kind(
    make_home: MakeHome, tmp_path: Path
) -> None:
    """What only an operator changes is shown and not asked for."""
    (tmp_path / "portero.toml").write_text(DECLARED)
    home = make_home()
    profile = {"attributes": {"team": "sales", "grade": "B7"}}
    asked = NewAccount(username="ana", profile=profile)
    admin = home.house.rooms.account_admin
    admin.create(Actor.operator(), asked, Secret(PASSWORD))
    browser = signed_in(home)
    page = browser.get("/account/profile").text
    assert "B7" in page
    assert 'name="attributes.grade"' not in page
    assert re.search(r'<option value="sales" selected>', page)
    typed = {"attributes.team": "support", "attributes.floor": "3", "attributes.newsletter": "on"}
    assert save(browser, **typed, **{"attributes.grade": "A1"}).status_code == 303
    kept = home.house.rooms.accounts.get_by_name("ana").attributes
    assert kept == {"team": "support", "floor": 3, "newsletter": True, "grade": "B7"}
    bad = save(browser, **{**typed, "attributes.floor": "three", "attributes.nickname": "x" * 11})
    assert bad.status_code == 422
    assert bad.text.count('aria-invalid="true"') == 2
    assert 'value="three"' in bad.text
    assert save(browser, **{"attributes.team": ""}).status_code == 422
    assert save(browser, **{"attributes.team": "sales"}).status_code == 303
    kept = home.house.rooms.accounts.get_by_name("ana").attributes
    assert kept == {"team": "sales", "newsletter": False, "grade": "B7"}


def test_a_phone_number_is_proven_by_a_code_that_is_sent_there(home: Home) -> None:
    """The account keeps what it has until then; a wrong code asks again."""
    home.create("ana")
    browser = signed_in(home)
    asked = save(browser, "/account/profile/phone", phone="+49 1512 3456712")
    assert asked.status_code == 200
    assert "3456712" not in asked.text
    assert home.house.rooms.accounts.get_by_name("ana").phone == ""
    code = texted_code(home)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    again = browser.post("/account/profile/phone/code", data={**fields(asked), "code": wrong})
    assert again.status_code == 422
    done = browser.post("/account/profile/phone/code", data={**fields(again), "code": code})
    assert done.location == "/account/profile"
    assert "Your phone number is confirmed." in browser.get("/account/profile").text
    account = home.house.rooms.accounts.get_by_name("ana")
    assert (account.phone, account.phone_verified) == ("+4915123456712", True)


@on_sqlite
def test_without_text_messages_there_is_no_page_for_a_number(make_home: MakeHome) -> None:
    """Nobody could be asked whether it is theirs."""
    home = make_home(PORTERO_ISSUER="https://id.example.org", PORTERO_SMS_PROVIDER="off")
    assert home.house.rooms.phone is None
    assert home.client().get("/account/profile/phone").status_code == 404


def without_password(home: Home) -> FlaskClient:
    """A browser that is signed in to an account that has no password any more."""
    home.create("ana")
    browser = signed_in(home)
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.db.write(lambda tx: store.remove(tx, account.id))
    return browser


def test_who_has_no_password_chooses_one(home: Home) -> None:
    """Every other session ends, and from then on it is changed by proving it."""
    browser = without_password(home)
    page = browser.get("/account/security")
    assert "/account/security/choose-password" in page.text
    weak = save(browser, "/account/security/choose-password", new_password="short")
    assert weak.status_code == 422
    done = save(browser, "/account/security/choose-password", new_password=OTHER_PASSWORD)
    assert done.location == "/account/security"
    assert home.post("/login", username="ana", password=OTHER_PASSWORD).status_code == 200
    twice = save(browser, "/account/security/choose-password", new_password=PASSWORD)
    assert twice.status_code == 409
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 401


def test_a_first_password_is_chosen_once(home: Home) -> None:
    """Of many at once one is the password, and the others are told."""
    browser = without_password(home)
    session = fields(browser.get("/account/profile"))["session"]
    account = home.house.rooms.accounts.get_by_name("ana")

    def choose(number: int) -> bool:
        try:
            home.house.rooms.password_change.choose(
                Actor.system(), account.id, session, new=f"{OTHER_PASSWORD} {number}"
            )
        except (PasswordThere, SessionEnded):
            return False
        return True

    assert at_once(choose).count(True) == 1


@on_sqlite
def test_choosing_a_first_password_needs_a_fresh_proof(home: Home) -> None:
    """An open laptop must not become a way in that lasts."""
    browser = without_password(home)
    home.clock.let_pass(minutes=16)
    answer = browser.get("/account/security/choose-password")
    assert answer.location == "/sign-in?request=account.security.choose-password"
