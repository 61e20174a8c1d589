"""Scopes that the operator declared, from portero.toml to the consent page and UserInfo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.house import PASSWORD, Home
from tests.support.relying_party import fields, relying_party

TABLE = """
[scopes."reports:read"]
sentence = "Read your reports"
sentences = { de = "Ihre Berichte lesen" }
claims = ["preferred_username"]
"""
ASKED = "openid reports:read"


def home_of(make_home: Any, tmp_path: Path) -> Home:
    (tmp_path / "portero.toml").write_text(TABLE, "utf-8")
    home: Home = make_home()
    home.register()
    return home


def test_the_metadata_tells_of_them(make_home: Any, tmp_path: Path) -> None:
    """RFC 8414 §2."""
    document = home_of(make_home, tmp_path).get("/.well-known/openid-configuration").json
    assert document is not None
    assert "reports:read" in document["scopes_supported"]


def test_people_read_the_operators_sentence(make_home: Any, tmp_path: Path) -> None:
    """In their language, where there is one."""
    home = home_of(make_home, tmp_path)
    client = relying_party(home, scope=ASKED)
    page = _consent(client, ui_locales="en")
    assert "Read your reports" in page
    assert "Ihre Berichte lesen" in _consent(client, ui_locales="de")


def test_its_claims_are_told(make_home: Any, tmp_path: Path) -> None:
    """The name, without the scope `profile`."""
    home = home_of(make_home, tmp_path)
    told = relying_party(home, scope=ASKED).sign_in(scope=ASKED)
    assert told["scope"] == ASKED
    answer = home.client().get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {told['access_token']}"}
    )
    assert answer.json is not None
    assert set(answer.json) == {"sub", "preferred_username"}


def test_a_client_without_it_does_not_get_it(make_home: Any, tmp_path: Path) -> None:
    """Attack: declared is not open; it takes a registration unless `for_all` is set."""
    home = home_of(make_home, tmp_path)
    assert relying_party(home).sign_in(scope=ASKED)["scope"] == "openid"


def _consent(client: Any, **more: str) -> str:
    """The consent page, of somebody who is signed in or signs in on the way."""

    answer = client.begin(scope=ASKED, **more)
    for _ in range(6):
        if answer.status_code == 303:
            answer = client.browser.get(answer.location)
        elif 'action="/sign-in"' in answer.text:
            form = {**fields(answer), "username": "ana", "password": PASSWORD}
            answer = client.browser.post("/sign-in", data=form)
        else:
            return str(answer.text)
    raise AssertionError("no consent page")
