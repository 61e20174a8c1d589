"""Mass assignment: members, fields and parameters that no caller may set, beside those that they
may. Refused or left alone, and nothing of the kind is stored."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from portero.web.api.documents import ROUTES
from portero.web.api.registry import Access, Route
from tests.attack.served import people
from tests.attack.served.people import OURS
from tests.attack.served.routes import path_of
from tests.http.test_hosts import BODIES
from tests.support.house import OTHER_PASSWORD, PASSWORD
from tests.support.production import Production
from tests.support.relying_party import fields

PRIVILEGED: dict[str, Any] = {
    "id": "1", "sub": "1", "user_id": "1", "account_id": "1", "username": "root", "role": "admin",
    "roles": ["admin"], "is_admin": True, "admin": True, "groups": ["admin"], "scope": "admin",
    "permissions": ["*"], "email_verified": True, "phone_verified": True, "disabled": False,
    "state": "active", "status": "active", "created_at": 0, "acr": "phr", "amr": ["mfa"],
    "auth_time": 0, "client_id": "portero", "aud": "*", "session_id": "1", "must_change": False,
    "password": OTHER_PASSWORD, "password_hash": "x", "mfa_enabled": False, "trusted": True,
    "deletion_due_at": None, "organization": "1", "tenant_id": "1", "first_party": True,
    "__proto__": {"admin": True}, "constructor": {"admin": True}, "$where": "1",
}  # fmt: skip


WITH_BODY = [route for route in ROUTES if route.body is not None]


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: str(route.name))
def test_no_body_knows_a_member_more(route: Route) -> None:
    """Each alone makes a body that is no body: a model that took one would be the hole."""
    assert route.body is not None
    base = BODIES[route.name]
    route.body.model_validate(base)
    for name, value in PRIVILEGED.items():
        if name not in route.body.model_fields:
            with pytest.raises(ValidationError):
                route.body.model_validate({**base, name: value})


def test_no_json_verb_takes_one(home: Production) -> None:
    """All of them at once, and in the query, at every JSON verb and from whoever may use it."""
    home.create("ana", "ana@example.org")
    people_of = {Access.PUBLIC: people.anonymous(home)}
    token = people.with_token(home, "ana")
    before = home.state("interactions")
    wrong = []
    for route in WITH_BODY:
        person = people_of.get(route.access, token)
        path = path_of(f"{route.method} {route.path}") + "?email_verified=true&id=1&sub=1"
        answer = person.ask(route.method, path, body={**PRIVILEGED, **BODIES[route.name]})
        if answer.status_code != 422:
            wrong.append((route.name, answer.status_code, answer.text[:100]))
    assert wrong == [], "\n".join(map(str, wrong))
    assert home.state("interactions") == before


def test_no_attribute_is_one_of_ours(home: Production) -> None:
    """What is declared by nobody is no attribute of a profile, at the beginning or later."""
    for name, value in PRIVILEGED.items():
        body = {"username": "ben", "password": PASSWORD, "attributes": {name: value}}
        assert home.client().post("/register", json=body).status_code == 422, name
    home.create("ana", "ana@example.org")
    ana = people.with_token(home, "ana")
    before = home.state()
    for name, value in PRIVILEGED.items():
        answer = ana.ask("PATCH", "/me", body={"attributes": {name: value}})
        assert answer.status_code == 422, name
    assert home.state() == before


def test_a_form_with_fields_more_does_what_it_does(home: Production) -> None:
    """Pages take their own fields and see no others: a profile, a new account."""
    texts = {name: str(value) for name, value in PRIVILEGED.items()}
    ana = home.create("ana", "ana@example.org")
    before = home.house.rooms.accounts.get(ana.id)
    browser = people.in_a_browser(home, "ana").browser
    form = {**texts, **fields(browser.get("/account/profile")), "display_name": "Ana"}
    query = "&".join(f"{name}=1" for name in ("email_verified", "is_admin", "id"))
    done = browser.post(f"/account/profile?{query}", data=form, headers=OURS)
    assert done.status_code == 303, done.text
    after = home.house.rooms.accounts.get(ana.id)
    changed = {
        name for name in type(before).__slots__ if getattr(before, name) != getattr(after, name)
    }
    assert changed <= {"display_name", "profile", "updated_at", "version"}, changed
    stranger = home.client()
    form = {**texts, **fields(stranger.get("/sign-up")), "username": "eve", "password": PASSWORD,
            "email": "eve@example.org"}  # fmt: skip
    made = stranger.post("/sign-up", data=form, headers=OURS)
    assert made.status_code == 200, made.text
    eve = home.house.rooms.accounts.get_by_name("eve")
    assert not eve.email_verified
    assert eve.id != "1"


def test_an_application_names_itself_and_no_more(home: Production) -> None:
    """Registration: what is decided here is decided here, whatever else the document says."""
    asked = {
        **PRIVILEGED, "redirect_uris": ["https://rp.example/cb"], "client_id": "portero",
        "client_secret": "chosen-by-the-client", "client_secret_expires_at": 0,
        "registration_access_token": "mine", "client_id_issued_at": 1, "created_by": "operator",
        "id_token_signed_response_alg": "ES256",
        "disabled": False, "skip_consent": True, "consent": "implicit", "trusted": True,
    }  # fmt: skip
    asked.pop("scope")
    answer = home.client().post("/oauth/register", json=asked)
    if answer.status_code == 400:
        asked = {
            name: asked[name] for name in asked if name not in PRIVILEGED or name == "client_id"
        }
        answer = home.client().post("/oauth/register", json=asked)
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert told["client_id"] != "portero"
    assert told["client_secret"] != "chosen-by-the-client"
    assert told["registration_access_token"] != "mine"
    assert not {"first_party", "skip_consent", "trusted", "is_admin"} & told.keys()
    stored = home.state()["clients"]
    assert "chosen-by-the-client" not in stored
    client = home.house.clients.get(told["client_id"])
    assert not client.first_party
