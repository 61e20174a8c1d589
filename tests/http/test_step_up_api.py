"""A native application's user proves afresh who they are (`POST /login/step-up`)."""

from __future__ import annotations

from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from tests.support.authenticator_app import enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome, bearer
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.passkeys import enrol as enrolled_passkey
from tests.support.relying_party import claims_of, fields, relying_party

pytestmark = pytest.mark.sqlite_alone


BUDGET = 30  # of proving the present password


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.register()
    return home


def delete_me(home: Home, token: str) -> Any:
    return home.client().delete("/me", headers=bearer(token))


def step_up(home: Home, token: str, **more: str) -> Any:
    return home.post("/login/step-up", token, **more)


def go_on(home: Home, owed: Any, **more: Any) -> Any:
    return home.post("/login/continue", auth_session=owed.json["auth_session"], **more)


def old_token(home: Home) -> str:
    """Of a session that is too old for what harms most."""
    told = home.log_in()
    home.clock.let_pass(seconds=901)
    return str(
        home.post("/refresh", refresh_token=told["refresh_token"]).get_json()["access_token"]
    )


def test_a_session_that_is_too_weak_proves_what_it_lacks(home: Home) -> None:
    """The refused call says so, the factor alone is asked for, and the new token opens it."""
    old = home.log_in()["access_token"]
    app = enrolled_app(home)
    assert "acr_values" in delete_me(home, old).headers["WWW-Authenticate"]
    owed = step_up(home, old)
    assert (owed.status_code, owed.json["code"]) == (403, "sign_in_incomplete")
    assert (owed.json["owed"], owed.json["factors"]) == ("second_factor", ["totp"])
    new = go_on(home, owed, factor="totp", code=app.next_code()).json["access_token"]
    assert claims_of(new)["amr"] == ["pwd", "otp", "mfa"]
    assert delete_me(home, new).status_code == 204


def test_a_session_that_is_too_old_proves_everything(home: Home) -> None:
    """The password first, then the factor, as at a sign-in; the name is known."""
    old = old_token(home)
    app = enrolled_app(home)
    assert "max_age" in delete_me(home, old).headers["WWW-Authenticate"]
    owed = step_up(home, old)
    assert (owed.json["owed"], owed.json["options"][0]) == ("password", "password")
    then = go_on(home, owed, password=PASSWORD)
    assert (then.status_code, then.json["owed"]) == (403, "second_factor")
    new = go_on(home, then, factor="totp", code=app.next_code()).json["access_token"]
    assert delete_me(home, new).status_code == 204


@pytest.mark.each_case_on_each_database
def test_a_passkey_proves_all_of_it_at_once(make_home: MakeHome) -> None:
    """In the place of the password."""
    home = make_home(**AT_A_DOMAIN)
    home.register()
    old = old_token(home)
    device = enrolled_passkey(home)
    owed = step_up(home, old)
    assert owed.json["factors"] == ["passkey"]
    begun = go_on(home, owed, factor="passkey", begin=True)
    credential = device.get(begun.json["shown"]["public_key"])
    done = go_on(home, begun, factor="passkey", credential=credential)
    assert claims_of(done.json["access_token"])["acr"] == "phr"
    assert delete_me(home, done.json["access_token"]).status_code == 204


def test_who_is_fresh_enough_may_prove_it_again(home: Home) -> None:
    """Whoever asks gets a step: an application can always have its user there."""
    owed = step_up(home, home.log_in()["access_token"])
    assert owed.json["owed"] == "password"
    assert go_on(home, owed, password=PASSWORD).status_code == 200


def test_a_level_may_be_named(home: Home) -> None:
    """Who has just signed in and can't reach it yet enrols what is missing; a level that nobody
    reaches is refused."""
    token = home.log_in()["access_token"]
    assert step_up(home, token, acr="aal2").json["owed"] == "enrol_factor"
    assert step_up(home, token, acr="phr").status_code == 422


def test_a_stolen_token_is_not_lifted_with_the_session(home: Home) -> None:
    """The attack: keep a copy of a token, and wait until its owner proves more. Another session is
    in the place of the former one, and every token of that is dead."""
    told = home.log_in()
    app = enrolled_app(home)
    owed = step_up(home, told["access_token"])
    new = go_on(home, owed, factor="totp", code=app.next_code()).json["access_token"]
    assert claims_of(new)["sid"] != claims_of(told["access_token"])["sid"]
    assert delete_me(home, told["access_token"]).status_code == 401
    assert home.get("/me", told["access_token"]).status_code == 401
    assert home.post("/refresh", refresh_token=told["refresh_token"]).status_code == 401
    assert len(home.get("/me/sessions", new).get_json()["sessions"]) == 1 + 1  # and enrolled_app's


def test_a_stolen_token_guesses_no_password(home: Home) -> None:
    """The tries are those of /password/change, whichever of the two is asked, and however often it
    is begun anew."""
    token = home.log_in()["access_token"]
    for number in range(BUDGET):
        if number % 2:
            body = {"current_password": "wrong", "new_password": OTHER_PASSWORD}
            assert home.post("/password/change", token, **body).status_code == 422
        else:
            wrong = go_on(home, step_up(home, token), password="wrong")
            assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_password")
    assert go_on(home, step_up(home, token), password=PASSWORD).status_code == 429


def test_it_dies_with_the_session_that_it_began_with(home: Home) -> None:
    """The owner signs out while somebody has it open; and the password alone is no beginning for
    what a page asks."""
    token = home.log_in()["access_token"]
    owed, other = step_up(home, token), step_up(home, token)
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "auth_session": other.json["auth_session"]}
    assert browser.post("/sign-in", data={**form, "password": PASSWORD}).status_code == 401
    account_id = claims_of(token)["sub"]
    home.house.rooms.sessions.end_all(Actor.operator(), account_id, EndReason.REVOKED)
    assert go_on(home, owed, password=PASSWORD).status_code == 401


def test_no_step_is_left_out(home: Home) -> None:
    """The attack: answer another step than the one that is owed, or none, or the same twice."""
    old = old_token(home)
    app = enrolled_app(home)
    owed = step_up(home, old)
    for answer in ({}, {"factor": "totp", "code": app.next_code()}, {"not_now": True}):
        tried = go_on(home, owed, **answer)
        assert tried.status_code in {403, 422}
        assert "access_token" not in tried.json
        owed = tried if "auth_session" in tried.json else owed
    then = go_on(home, owed, password=PASSWORD)
    assert then.json["owed"] == "second_factor"
    assert go_on(home, owed, password=PASSWORD).status_code == 401
    assert go_on(home, then, password=PASSWORD).json["owed"] == "second_factor"


def test_it_belongs_to_the_account_itself(make_home: MakeHome, home: Home) -> None:
    """Another application's token steps nobody up; and it is off with the other ways to log in."""
    other = relying_party(home).sign_in()["access_token"]
    assert step_up(home, other).status_code in {401, 403}
    assert home.post("/login/step-up").status_code == 401
    off = make_home(PORTERO_PASSWORD_API="off")
    assert step_up(off, home.log_in()["access_token"]).get_json()["code"] == "password_api_off"


def test_a_grace_is_no_hindrance(make_home: MakeHome) -> None:
    """Who put the second factor off proves the password again, and puts it off again."""
    home = make_home(PORTERO_SECOND_FACTOR="required", PORTERO_SECOND_FACTOR_GRACE_DAYS="3")
    home.register()
    owed = home.post("/login", username="ana", password=PASSWORD)
    told = go_on(home, owed, not_now=True).json
    home.clock.let_pass(seconds=901)
    old = home.post("/refresh", refresh_token=told["refresh_token"]).get_json()["access_token"]
    then = go_on(home, step_up(home, old), password=PASSWORD)
    new = go_on(home, then, not_now=True).json["access_token"]
    assert delete_me(home, new).status_code == 204
