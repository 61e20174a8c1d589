"""The corpus of odd URLs at every input that takes one (tests/attack/url)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from tests.attack.url.named import NAMED
from tests.attack.url.registered import REGISTERED
from tests.attack.url.sent_to import SENT_TO
from tests.attack.url.stage import SETTINGS, Canary, Stage, canary, said
from tests.attack.url.table import idle_exceptions, surprises
from tests.http.test_client_assertions import ask, assertion
from tests.support.database import new_sqlite
from tests.support.house import homes
from tests.support.relying_party import query_of
from tests.support.url_corpus import CORPUS, GOOD

PLACES = {**REGISTERED, **SENT_TO, **NAMED}
# What some program somewhere calls the address to go on to.
GO_ON = ("next", "rd", "return_to", "returnUrl", "continue", "redirect", "redirect_uri", "url",
         "callback", "RelayState", "request", "user_code", "token", "state")  # fmt: skip
PAGES = ("/sign-in", "/sign-up", "/forgot-password", "/reset-password", "/verify-email", "/account",
         "/device", "/consent", "/oauth/authorize/continue", "/oauth/logout")  # fmt: skip
# What a browser would leave for.
ELSEWHERE = ("script", "not absolute", "user", "backslash", "white space", "another script",
             "fragment", "near")  # fmt: skip
OURS = re.compile(r"/(?![/\\])")
LEADS = re.compile(r'(?:href|src|action|formaction|content|data-[a-z-]+)="([^"]*)"')


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with homes(new_sqlite(folder), folder) as make:
        yield Stage(make(**SETTINGS))


@pytest.mark.parametrize("name", REGISTERED)
def test_cve_2026_67333_what_may_be_registered(stage: Stage, name: str) -> None:
    """Script, disguises and what two readers read in two ways: never, whoever registers it
    (CVE-2022-36087: and quickly)."""
    assert surprises(REGISTERED[name](stage)) == []


@pytest.mark.parametrize("name", SENT_TO)
def test_cve_2026_7504_a_browser_is_sent_to_the_registered_address_alone(
    stage: Stage, name: str
) -> None:
    """CVE-2026-54072, CVE-2020-15233; and of CVE-2024-8883, CVE-2020-15234 on loopback: compared as
    plain strings, but for the port there. Every other one gets a page of ours that names nobody."""
    assert surprises(SENT_TO[name](stage)) == []


@pytest.mark.parametrize("name", NAMED)
def test_a_url_that_is_a_name_is_one_that_is_known(stage: Stage, name: str) -> None:
    """Of a request (CVE-2020-10770), a client, an API, a place."""
    assert surprises(NAMED[name](stage)) == []


@pytest.mark.parametrize("name", PLACES)
def test_each_exception_is_of_a_url(stage: Stage, name: str) -> None:
    """An exception for what is not tried would hide nothing and say something."""
    assert idle_exceptions(PLACES[name](stage)) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["nobody", "somebody"])
def test_cve_2024_39694_no_page_leads_where_its_address_says(
    stage: Stage, path: str, who: str
) -> None:
    """CVE-2021-23401, CVE-2021-21291, CVE-2024-45399: neither by a redirect nor by a link."""
    browser = stage.http if who == "nobody" else stage.party.browser
    for url in (url for group in ELSEWHERE for url in CORPUS[group]):
        answer = browser.get(f"{path}?{urlencode(dict.fromkeys(GO_ON, url))}")
        assert answer.status_code < 500, url
        assert OURS.match(answer.headers.get("Location", "/")), url
        led = {html.unescape(found) for found in LEADS.findall(answer.text)}
        # A page may carry along what it was given, to a page of ours: there it is no handle.
        away = [target for target in led if not OURS.match(target)]
        assert not [target for target in away if target == url or "evil" in target], url


# --- what would be fetched ---------------------------------------------------------------------


@pytest.fixture
def inside() -> Iterator[Canary]:
    with canary() as listening:
        yield listening


def test_cve_2026_5469_nobody_makes_us_call_a_server_inside(stage: Stage, inside: Canary) -> None:
    """A sector's document, a client's document, a request: with an address of this machine in every
    notation. Nothing is connected to."""
    party = stage.party
    for url in inside.urls():
        document = {"redirect_uris": [GOOD], "sector_identifier_uri": url}
        answer = said(stage.http.post("/oauth/register", json=document))
        assert answer == "400 invalid_client_metadata", url
        for asked in (
            {**party.parameters(), "client_id": url},
            party.parameters(request_uri=url, prompt="none"),
        ):
            answer = stage.http.get(f"/oauth/authorize?{urlencode(asked)}")
            assert answer.status_code in {303, 400}, url
        form = {"grant_type": "authorization_code", "code": "x", "client_id": url}
        assert said(stage.http.post("/oauth/token", data=form)) == "401 invalid_client", url
    assert inside.called == 0


def test_what_may_be_registered_is_still_not_called_inside(stage: Stage, inside: Canary) -> None:
    """Keys and logouts, at an address that is no worse than others to look at: only when it is to
    be called does it show where it leads."""
    home = stage.home
    ben = home.create("ben", "ben@example.org").id
    for url in inside.plain_urls():
        metadata = {
            "grant_types": ["client_credentials"],
            "response_types": [],
            "scope": "orders:read",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": url,
        }
        client_id = home.house.clients.create(Actor.operator(), metadata).client.client_id
        answer = said(ask(home, assertion(client_id)))
        assert answer == "503 temporarily_unavailable", url
        party = stage.relying_party(redirect_uris=[GOOD], backchannel_logout_uri=url)
        code = query_of(party.walk(party.begin(scope="openid"), username="ben"))["code"]
        assert party.redeem(code).status_code == 200
        home.house.rooms.sessions.end_all(Actor.operator(), ben, EndReason.LOGOUT)
    home.deliver()
    dead = [job for job in home.house.desk.list_dead() if job.kind == "back_channel_logout"]
    assert len(dead) == len(inside.plain_urls())
    assert inside.called == 0
