"""A native application lets its user enrol, name and remove factors (`/me/authenticators`)."""

from __future__ import annotations

from typing import Any

import pytest

from portero.core.audit import Actor
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome, bearer

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.register()
    return home


def enrol(home: Home, token: str) -> tuple[App, Any]:
    begun = home.post("/me/authenticators/begin", token, kind="totp")
    assert begun.status_code == 200, begun.text
    assert begun.headers["Cache-Control"] == "no-store"
    app = App(home, begun.json["shown"]["secret"])
    sent = {"kind": "totp", "code": app.code(), "name": "Phone"}
    return app, home.post("/me/authenticators", token, **sent)


def ask(home: Home, method: str, path: str, token: str, **body: Any) -> Any:
    return home.client().open(path, method=method, json=body or None, headers=bearer(token))


def test_from_the_first_to_the_last(home: Home) -> None:
    """Enrolled with a proof, listed, named, given recovery codes, and removed with them."""
    token = home.log_in()["access_token"]
    wrong = home.post("/me/authenticators/begin", token, kind="totp")
    assert wrong.status_code == 200
    assert home.post("/me/authenticators", token, kind="totp", code="000000").status_code == 422
    _, made = enrol(home, token)
    assert made.status_code == 201, made.text
    path = f"/me/authenticators/{made.json['id']}"
    assert ask(home, "PATCH", path, token, name="Tablet").json["name"] == "Tablet"
    codes = home.post("/me/recovery-codes", token)
    assert len(codes.json["codes"]) == 10
    listed = home.get("/me/authenticators", token).json
    assert [each["kind"] for each in listed["authenticators"]] == ["totp", "recovery_code"]
    assert listed["recovery_codes_left"] == 10
    assert "totp" in listed["offered"]
    assert "recovery_code" not in listed["offered"]
    assert ask(home, "DELETE", path, token).status_code == 204
    assert home.get("/me/authenticators", token).json["authenticators"] == []
    assert home.post("/me/recovery-codes", token).json["code"] == "no_second_factor"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/me/authenticators/begin", {"kind": "totp"}),
        ("POST", "/me/authenticators", {"kind": "totp", "code": "123456"}),
        ("PATCH", "/me/authenticators/x", {"name": "x"}),
        ("DELETE", "/me/authenticators/x", {}),
        ("POST", "/me/recovery-codes", {}),
    ],
)
def test_a_stolen_token_changes_nothing(
    home: Home, method: str, path: str, body: dict[str, Any]
) -> None:
    """Neither an old one (RFC 9470 tells what is missing), nor a new one of the password alone
    that was got before the owner enrolled a factor."""
    weak = home.log_in()["access_token"]
    enrolled_app(home)
    refused = ask(home, method, path, weak, **body)
    assert (refused.status_code, refused.json["code"]) == (403, "fresh_proof_needed")
    home.clock.let_pass(seconds=301)
    home.clock.let_pass(seconds=600)
    old = ask(home, method, path, weak, **body)
    assert old.status_code == 401


@pytest.mark.parametrize("kind", ["recovery_code", "nonsense", ""])
def test_only_what_is_offered_is_enrolled(home: Home, kind: str) -> None:
    """No kind that this service does not have, and no codes by themselves."""
    token = home.log_in()["access_token"]
    assert home.post("/me/authenticators/begin", token, kind=kind).status_code == 404


def test_nobody_elses_is_touched(home: Home) -> None:
    """By its id, which is no secret."""
    home.register("eve")
    enrolled_app(home, "eve")
    rooms = home.house.rooms
    (theirs,) = rooms.authenticators.list_of(rooms.accounts.get_by_name("eve").id)
    token = home.log_in()["access_token"]
    path = f"/me/authenticators/{theirs.id}"
    assert ask(home, "DELETE", path, token).status_code == 404
    assert ask(home, "PATCH", path, token, name="mine").status_code == 404
    assert rooms.authenticators.list_of(theirs.account_id) == (theirs,)


def test_where_a_second_factor_is_required_a_password_may_be_shorter(make_home: MakeHome) -> None:
    """Eight characters instead of fifteen (SP 800-63B-4 §3.1.1.2), in every face by one rule."""
    short = "gv7-kqzw"
    sent = {"username": "bob", "password": short}
    assert make_home().post("/register", **sent).status_code == 422
    assert make_home(PORTERO_SECOND_FACTOR="required").post("/register", **sent).status_code == 201


def test_an_operator_helps_somebody_who_lost_everything(home: Home) -> None:
    """All is removed, noted and told to the owner; the password is enough at the next sign-in."""
    home.create("cleo", "cleo@example.org")
    enrolled_app(home, "cleo")
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("cleo").id
    assert rooms.authenticators.remove_all(Actor.operator(), account_id) == 1
    (removed,) = home.house.audit.list_entries(kind="factor.removed")
    assert (removed.actor_kind, removed.account_id) == ("operator", account_id)
    assert home.log_in("cleo", PASSWORD)["access_token"]
    home.deliver()
    assert "A way to sign in was removed" in home.mails()[-1]
