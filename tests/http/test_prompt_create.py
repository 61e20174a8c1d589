"""`prompt=create`: an application sends somebody who has no account yet (Initiating User
Registration via OpenID Connect 1.0)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.house import OTHER_PASSWORD, Home, MakeHome
from tests.support.relying_party import claims_of, fields, query_of, relying_party

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def prompts(home: Home) -> Any:
    told = home.get("/.well-known/openid-configuration").get_json()
    return told["prompt_values_supported"]


@on_sqlite
def test_a_newcomer_makes_an_account_and_comes_back_with_it(home: Home) -> None:
    """Somebody else who is signed in there is not taken for them."""
    home.register("ana")
    rp = relying_party(home)
    ana = claims_of(rp.sign_in()["id_token"])["sub"]
    begun = rp.begin(prompt="create")
    assert urlsplit(begun.location).path == "/sign-up"
    page = rp.browser.get(begun.location)
    form = {**fields(page), "username": "ben", "password": OTHER_PASSWORD}
    done = rp.browser.post("/sign-up", data=form)
    [back] = re.findall(r'href="(/sign-in\?request=[^"]+)"', done.text)
    answer = rp.walk(rp.browser.get(back), username="ben", password=OTHER_PASSWORD)
    told = rp.redeem(query_of(answer)["code"]).get_json()
    person = home.get("/oauth/userinfo", told["access_token"]).get_json()
    assert person["preferred_username"] == "ben"
    assert person["sub"] != ana


@on_sqlite
def test_it_is_a_wish_and_whoever_has_an_account_signs_in(home: Home) -> None:
    """The page leads to the other one, and nobody is sent in a circle: coming back without an
    account leads to signing in."""
    home.register("ana")
    rp = relying_party(home)
    begun = rp.begin(prompt="create").location
    [sign_in] = re.findall(r'href="(/sign-in\?request=[^"]+)"', rp.browser.get(begun).text)
    back = rp.browser.get(f"/oauth/authorize/continue?{urlsplit(begun).query}")
    assert back.location == sign_in
    assert "code" in query_of(rp.walk(rp.browser.get(sign_in)))


@on_sqlite
@pytest.mark.parametrize("registration", ["closed", "invite"])
def test_where_nobody_may_make_an_account_it_is_not_offered(
    make_home: MakeHome, registration: str
) -> None:
    """What is not in `prompt_values_supported` is refused, and nobody lands on a dead page (§4)."""
    assert "create" in prompts(make_home())
    home = make_home(PORTERO_REGISTRATION=registration)
    assert "create" not in prompts(home)
    assert "login" in prompts(home)
    assert query_of(relying_party(home).begin(prompt="create"))["error"] == "invalid_request"
