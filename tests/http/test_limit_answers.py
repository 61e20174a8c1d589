"""What the answer says to whoever tried too often, in each face alike."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from tests.http.test_oauth_service import client_of, send
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.relying_party import fields, relying_party

WRONG = "not the right one"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def narrow_home(make_home: MakeHome) -> Home:
    home = make_home(
        PORTERO_LIMITS="login_by_account=2/900,client_auth_by_address=1/60,"
        "client_registration_by_address=1/3600,begun_by_address=1/60",
        PORTERO_CLIENT_REGISTRATION="open",
    )
    home.create("ana")
    return home


def wait_of(answer: TestResponse, policy: str, tries: int, window: int) -> int:
    """How long the answer says to wait, after its three headers have said the same."""
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= window
    assert answer.headers["RateLimit-Policy"] == f'"{policy}";q={tries};w={window}'
    assert answer.headers["RateLimit"] == f'"{policy}";r=0;t={wait}'
    return wait


def signed_in_by_form(home: Home, username: str, language: str = "en") -> TestResponse:
    browser = home.client()
    page = browser.get("/sign-in")
    form = {**fields(page), "username": username, "password": WRONG}
    return browser.post("/sign-in", data=form, headers={"Accept-Language": language})


def test_a_program_is_told_which_limit_and_how_long(narrow_home: Home) -> None:
    """draft-ietf-httpapi-ratelimit-headers; and a sentence for whom the program shows it to."""
    for _ in range(2):
        narrow_home.post("/login", username="ana", password=WRONG)
    answer = narrow_home.post("/login", username="ana", password=PASSWORD)
    wait_of(answer, "login_by_account", 2, 900)
    assert answer.json is not None
    assert answer.json["title"] == "Too many tries."
    assert answer.json["detail"] == "Try again in 15 minutes."


def test_below_the_limit_nothing_is_told(narrow_home: Home) -> None:
    """What is left of an account's tries would say how often others have failed."""
    answers = [
        narrow_home.post("/login", username="ana", password=password)
        for password in (WRONG, WRONG, PASSWORD)
    ]
    answers.append(narrow_home.post("/login", username="nobody", password=WRONG))
    for answer in answers[:2] + answers[3:]:
        assert answer.status_code == 401
        assert not {"RateLimit", "RateLimit-Policy", "Retry-After"} & set(answer.headers.keys())


def test_a_known_name_and_an_unknown_one_meet_the_same_limit(narrow_home: Home) -> None:
    """Not a byte tells them apart, but the number of the event."""

    def told(username: str, ask: str) -> tuple[object, ...]:
        answers = [
            signed_in_by_form(narrow_home, username)
            if ask == "form"
            else narrow_home.post("/login", username=username, password=WRONG)
            for _ in range(4)
        ]
        last = answers[-1]
        wait_of(last, "login_by_account", 2, 900)
        text = re.sub(r"[0-9a-f]{32}|[\w-]{43}|\d{3} |" + username, "", last.text)
        headers = {
            name: re.sub(r"\d{3}", "", value)
            for name, value in last.headers.items()
            if name not in {"Set-Cookie", "Content-Length"}
        }
        return [each.status_code for each in answers], text, headers

    for ask in ("json", "form"):
        assert told("ana", ask) == told("ben", ask)
        narrow_home.clock.let_pass(seconds=901)


def test_a_person_reads_how_long_in_their_language(narrow_home: Home) -> None:
    """On the form itself, that may be sent again then."""
    for _ in range(2):
        signed_in_by_form(narrow_home, "ana")
    answer = signed_in_by_form(narrow_home, "ana", "de")
    wait_of(answer, "login_by_account", 2, 900)
    assert "Zu viele Versuche. Versuchen Sie es in 15 Minuten noch einmal." in answer.text
    assert 'name="password"' in answer.text


def test_where_there_is_no_form_a_page_says_it(narrow_home: Home) -> None:
    """As many whole minutes as it may take, never fewer; and that nothing is lost."""
    rp = relying_party(narrow_home)
    rp.begin()
    narrow_home.clock.let_pass(seconds=30)
    answer = rp.begin()
    wait = wait_of(answer, "begun_by_address", 1, 60)
    assert f"Try again in {wait} seconds." in answer.text
    assert "Nothing is lost." in answer.text


def test_a_client_is_told_in_the_form_of_oauth(narrow_home: Home) -> None:
    """RFC 6749 §5.2 names no code for it; a page of another origin can read the headers."""
    client_id, _ = client_of(narrow_home)
    form = {"grant_type": "client_credentials"}
    send(narrow_home, "/oauth/token", (client_id, "no"), **form)
    answer = send(narrow_home, "/oauth/token", (client_id, "no"), **form)
    wait_of(answer, "client_auth_by_address", 1, 60)
    assert answer.get_json() == {
        "error": "temporarily_unavailable",
        "error_description": "Too many tries.",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(exposed.split(", "))


def test_an_unknown_client_and_a_known_one_meet_the_same_limit(narrow_home: Home) -> None:
    """Ids of clients are no secret, and yet nothing is told of them here."""
    client_id, _ = client_of(narrow_home)
    answers = [
        send(narrow_home, "/oauth/token", (name, "no"), grant_type="client_credentials")
        for name in (client_id, client_id, "nobody")
    ]
    assert answers[1].get_json() == answers[2].get_json()
    assert answers[1].headers["RateLimit-Policy"] == answers[2].headers["RateLimit-Policy"]


def test_registering_clients_says_it_too(narrow_home: Home) -> None:
    """RFC 7591 §3.2.2's form."""
    body = {"redirect_uris": ["https://app.example/callback"]}
    for _ in range(2):
        answer = narrow_home.client().post("/oauth/register", json=body)
    wait_of(answer, "client_registration_by_address", 1, 3600)
    assert answer.get_json()["error_description"] == "Too many tries."
