"""Name and password on one page, or one after the other."""

from __future__ import annotations

import pytest

from tests.support.house import Home, MakeHome
from tests.support.relying_party import fields


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: what is asked for first is the page's alone."""
    return sqlite_url


@pytest.fixture
def stepped(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_SIGN_IN_STEPS="2")
    home.register("ana")
    return home


def test_one_page_asks_for_both(home: Home) -> None:
    """As password managers fill it best."""
    page = home.client().get("/sign-in").text
    assert 'autocomplete="username webauthn"' in page
    assert 'autocomplete="current-password"' in page


@pytest.mark.parametrize("name", ["ana", "nobody", 'ana"><script>'])
def test_the_name_first(stepped: Home, name: str) -> None:
    """The second page comes for whatever name: it does not tell who has an account."""
    client = stepped.client()
    first = client.get("/sign-in")
    assert 'name="password"' not in first.text
    second = client.post("/sign-in", data={**fields(first), "username": name, "name_first": "1"})
    assert second.status_code == 200
    assert 'autocomplete="current-password"' in second.text
    assert fields(second)["username"] == name
    assert "Not you?" in second.text
    assert "<script>" not in second.text


def test_both_steps_sign_somebody_in(stepped: Home) -> None:
    """And a wrong password asks for the password again, not for the name."""
    client = stepped.client()
    form = {**fields(client.get("/sign-in")), "username": "ana", "name_first": "1"}
    second = fields(client.post("/sign-in", data=form))
    wrong = client.post("/sign-in", data={**second, "password": "something else entirely"})
    assert wrong.status_code == 401
    assert fields(wrong)["username"] == "ana"
    right = client.post(
        "/sign-in", data={**fields(wrong), "password": "olive kettle wanders north"}
    )
    assert (right.status_code, right.location) == (303, "/account")


def test_an_empty_name_is_asked_for_again(stepped: Home) -> None:
    """A form that a script sent, without the browser's own check."""
    client = stepped.client()
    form = {**fields(client.get("/sign-in")), "username": "", "name_first": "1"}
    again = client.post("/sign-in", data=form)
    assert again.status_code == 200
    assert 'name="password"' not in again.text


def test_the_first_step_wants_the_forms_token(stepped: Home) -> None:
    """Login CSRF begins with a name of somebody else's choice."""
    answer = stepped.client().post("/sign-in", data={"username": "mallory", "name_first": "1"})
    assert answer.status_code == 403


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/auth"])
def test_the_bare_address_leads_in(make_home: MakeHome, issuer: str) -> None:
    """Who types it sees no error: their account, and before it the sign-in."""
    home = make_home(PORTERO_ISSUER=issuer)
    answer = home.client().get(home.at("/"))
    assert (answer.status_code, answer.location) == (303, home.at("/account"))
    assert home.client().get(answer.location).status_code == 303
