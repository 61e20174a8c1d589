"""What one request may make the server build: fields, parameters, nesting; and what still answers
while the login queue is full."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from portero.web.bounded import MAX_FIELDS
from tests.http.test_oauth_service import client_of, send, token_of
from tests.support.hashing import full_hash_queue
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import fields, relying_party

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORM = "application/x-www-form-urlencoded"
DEEP = 64
DEEP_JSON = '{"a":' * DEEP + "1" + "}" * DEEP


def paths(home: Home, method: str) -> list[str]:
    """Every page and route that answers that method, its variable parts made up."""
    rules = [rule for rule in home.app.url_map.iter_rules() if method in (rule.methods or ())]
    return sorted({re.sub(r"<[^>]+>", "x", rule.rule) for rule in rules})


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_no_form_has_more_fields_than_any_page(home: Home, content_type: str) -> None:
    """43,000 fit into the body's cap, each of which costs hundred times its bytes. Of the sign-in
    page exactly one more than allowed is refused."""
    many = "a=&" * 40_000
    if content_type != FORM:
        part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
        many = part * (MAX_FIELDS * 3) + "--x--\r\n"
    for path in paths(home, "POST"):
        answer = home.client().post(path, data=many, content_type=content_type)
        assert answer.status_code < 500, path
    browser = home.client()
    wrong = {"username": "ana", "password": "wrong", **fields(browser.get("/sign-in"))}
    room = MAX_FIELDS - len(wrong)
    answers = [
        browser.post("/sign-in", data={**wrong, **{f"x{n}": "" for n in range(more)}})
        for more in (room, room + 1)
    ]
    assert [each.status_code for each in answers] == [401, 400]
    assert "There are too many fields." in answers[1].text


def test_no_query_has_more_fields_either(home: Home) -> None:
    """For every page."""
    for path in paths(home, "GET"):
        answer = home.client().get(f"{path}?{'a&' * 2000}")
        assert answer.status_code < 500, path
    answer = home.client().get(f"/sign-in?{'a&' * MAX_FIELDS}")
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "too_many_fields"


def test_no_body_is_larger_than_its_cap(home: Home) -> None:
    """Of every route: it is refused, or not looked at."""
    for path in paths(home, "POST"):
        answer = home.client().post(path, data="a" * 200_000, content_type=FORM)
        assert 400 <= answer.status_code < 500 or answer.status_code == 303, path


def test_parameters_of_the_protocols_are_counted(home: Home) -> None:
    """At each endpoint that reads a form."""
    rp = relying_party(home)
    for path in ("token", "introspect", "revoke", "par", "device", "ciba"):
        answer = rp.ask(f"/oauth/{path}", **{f"x{number}": "1" for number in range(120)})
        assert answer.status_code == 400, path
        assert answer.get_json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "asked",
    [
        {"claims": DEEP_JSON},
        {"claims": json.dumps({"id_token": {"acr": json.loads(DEEP_JSON)}})},
        {"authorization_details": f'[{{"type":"x","a":{DEEP_JSON}}}]'},
    ],
    ids=["claims", "inside a claim", "authorization_details"],
)
def test_nothing_nested_deep_is_kept(home: Home, asked: dict[str, str]) -> None:
    """Whatever walks through it later has less of the stack left."""
    rp = relying_party(home)
    assert rp.ask("/oauth/par", **rp.parameters(**asked)).status_code == 400


def test_nothing_nested_deep_is_registered(make_home: MakeHome) -> None:
    """Nor where it would be ignored."""
    home = make_home(PORTERO_CLIENT_REGISTRATION="open")
    for member in ("jwks", "unknown"):
        body = f'{{"redirect_uris":["https://a.example/cb"],"{member}":{DEEP_JSON}}}'
        answer = home.client().post("/oauth/register", data=body, content_type="application/json")
        assert answer.status_code == 400, member


def test_a_login_queue_that_is_full_leaves_everything_else_quick(make_home: MakeHome) -> None:
    """Health, keys, discovery, introspection, tokens and who is signed in need no hash."""
    home = make_home(PORTERO_HASH_QUEUE="1", PORTERO_HASH_MEMORY_MIB="16")
    home.register()
    access = home.log_in()["access_token"]
    client = client_of(home)
    token = token_of(home, client)

    def get(path: str) -> int:
        return home.get(path, access if path in {"/me", "/protected"} else "").status_code

    with full_hash_queue(home):
        refused: Any = home.post("/login", username="ana", password=PASSWORD)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        for path in (
            *("/healthz", "/readyz", "/.well-known/jwks.json", "/me", "/protected", "/sign-in"),
            "/.well-known/openid-configuration",
        ):
            assert get(path) == 200, path
        told = send(home, "/oauth/introspect", client, token=token)
        assert (told.status_code, told.get_json()["active"]) == (200, True)
        made = send(home, "/oauth/token", client, grant_type="client_credentials")
        assert made.status_code == 200
