"""The operator closes the service for a while: everybody is told so, and for how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.doors import DOORS, opener
from tests.support.house import Home

HTML = {"Accept": "text/html"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: none is asked."""
    return sqlite_url


def close(home: Home, content: str = "") -> Path:
    place = home.folder / "maintenance"
    place.write_text(content)
    home.clock.let_pass(seconds=2)
    return place


@pytest.mark.parametrize("door", DOORS)
def test_pages_and_apis_are_closed(home: Home, door: str) -> None:
    """With the time to come back, as a page for people and a problem document for programs."""
    close(home, json.dumps({"message": "Wir ziehen um.", "until": None}))
    client = opener(home, door)()
    page = client.get("/sign-in", headers=HTML)
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "300"
    assert "Wir ziehen um." in page.text
    assert "This service is being worked on." in page.text
    for answer in (
        client.post("/login", json={"username": "ana", "password": "x"}),
        client.post("/oauth/token", data={"grant_type": "client_credentials"}),
        client.get("/oauth/userinfo"),
        client.get("/nothing-here"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "300"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.json()["code"], answer.json()["detail"]) == ("maintenance", "Wir ziehen um.")
    redirected = client.get("/oauth/authorize?client_id=nobody", headers=HTML)
    assert redirected.status_code == 503
    assert "<h1" in redirected.text


@pytest.mark.parametrize("door", DOORS)
def test_what_apis_elsewhere_need_stays(home: Home, door: str) -> None:
    """Tokens that are out there can be checked, the page has its dress, and probes tell."""
    close(home)
    client = opener(home, door)()
    for path in (
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oauth/status-list",
        "/static/portero.css",
    ):
        assert client.get(path).status_code == 200, path
    assert client.get("/healthz").json() == {"status": "ok"}
    told = client.get("/readyz")
    assert (told.status_code, told.json()) == (200, {"status": "maintenance"})


def test_it_opens_again_without_a_restart(home: Home) -> None:
    """Within a second of the file's end."""
    place = close(home)
    client = home.client()
    assert client.get("/sign-in").status_code == 503
    place.unlink()
    home.clock.let_pass(seconds=2)
    assert client.get("/sign-in").status_code == 200
    assert client.get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize(
    ("minutes", "wanted"), [(10, 600), (-5, 10), (600, 3600)], ids=["as said", "over", "long"]
)
def test_the_end_is_told_as_seconds(home: Home, minutes: int, wanted: int) -> None:
    """What was guessed too short is soon, and too long is an hour at a time."""
    from datetime import timedelta

    until = home.clock.now() + timedelta(seconds=2, minutes=minutes)
    close(home, json.dumps({"message": "", "until": until.isoformat()}))
    told = home.client().get("/sign-in").headers["Retry-After"]
    assert abs(int(told) - wanted) <= 1


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("", None),
        ("Back at noon", "Back at noon"),
        ('{"message": 3}', "3"),
        ('{"until": "soon"}', '{"until": "soon"}'),
        ('{"until": "2026-01-01"}', None),
        ("[1]", "[1]"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_whatever_is_in_the_file_closes(home: Home, content: str, detail: str | None) -> None:
    """An operator in a hurry uses `touch` or `echo`; and it is text, not markup."""
    close(home, content)
    client = home.client()
    answer = client.get("/sign-in")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json.get("detail") == detail
    assert "<script>alert" not in client.get("/sign-in", headers=HTML).text


def test_the_command_closes_and_opens(home: Home) -> None:
    """`portero maintenance`, for the servers of the same data directory."""
    import os

    from click.testing import CliRunner

    from portero.cli.program import program

    env = {**os.environ, "PORTERO_DATA_DIR": str(home.folder)}
    asked = ["maintenance", "on", "--minutes", "20", "--message", "Zurück um 12", "--json"]
    made = CliRunner().invoke(program, asked, env=env)
    assert made.exit_code == 0, made.output
    home.clock.let_pass(seconds=2)
    answer = home.client().get("/sign-in")
    assert answer.json is not None
    assert answer.json["detail"] == "Zurück um 12"
    assert int(answer.headers["Retry-After"]) > 1100
    assert CliRunner().invoke(program, ["maintenance", "off", "--json"], env=env).exit_code == 0
    home.clock.let_pass(seconds=2)
    assert home.client().get("/sign-in").status_code == 200
