"""Server-side request forgery, from outside: whatever an application or a person may name as an
address, nobody on this machine hears of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from portero.core.audit import Actor
from portero.core.sessions import EndReason
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE
from tests.attack.served import people
from tests.attack.url.stage import KEY, Canary, canary
from tests.http.test_client_assertions import assertion
from tests.support.house import PASSWORD, bearer
from tests.support.production import ISSUER, Production
from tests.support.relying_party import fields, relying_party
from tests.support.url_corpus import GOOD

# Of a registration: each is an address. What is only shown is not called either.
MEMBERS = ("jwks_uri", "sector_identifier_uri", "initiate_login_uri", "logo_uri", "client_uri",
           "policy_uri", "tos_uri", "backchannel_logout_uri", "frontchannel_logout_uri",
           "backchannel_client_notification_endpoint")  # fmt: skip
# The one is fetched at once; the other is of the place where people are sent back to.
REFUSED = ("sector_identifier_uri", "frontchannel_logout_uri")
LISTS = ("request_uris", "redirect_uris", "post_logout_redirect_uris")
# Where a cloud keeps its secrets, and what leads there in other words; nobody here can listen.
FAR = ("https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/",
       "https://metadata.google.internal/", "https://2852039166/", "https://0xa9fea9fe/",
       "https://0251.0376.0251.0376/", "https://[::ffff:a9fe:a9fe]/")  # fmt: skip


@pytest.fixture
def inside() -> Iterator[Canary]:
    with canary() as listening:
        yield listening


def test_the_canary_hears_who_calls_it(inside: Canary) -> None:
    """Else that it heard nothing would say nothing."""
    for host in ("127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "2130706433", "::1"):
        socket.create_connection((host, inside.port), timeout=5).close()
    assert inside.heard(6)


def register(home: Production, **metadata: Any) -> Any:
    asked = {"redirect_uris": [GOOD], "id_token_signed_response_alg": "ES256", **metadata}
    return home.client().post("/oauth/register", json=asked)


@pytest.mark.long_attack
def test_cve_2020_10770_no_address_of_a_registration_is_called(
    home: Production, inside: Canary
) -> None:
    """Each member with each notation of this machine. What is taken, because it looks like any
    other, is used as far as anybody can: its keys, its document, its logo on a page."""
    assert register(home).status_code == 201
    taken = []
    for url in (*inside.urls(), *FAR):
        for member in MEMBERS:
            proves = {"token_endpoint_auth_method": "private_key_jwt"} if "jwks" in member else {}
            answer = register(home, **{member: url}, **proves)
            assert answer.status_code in {201, 400}, (member, url, answer.text)
            if answer.status_code == 201:
                taken.append((member, answer.json))
        for member in LISTS:
            assert register(home, **{member: [url]}).status_code in {201, 400}, (member, url)
    assert {member for member, _ in taken} >= {*MEMBERS} - {*REFUSED}
    for member, made in taken:
        if member == "jwks_uri":
            _prove(home, made["client_id"])
        query = {
            "client_id": made["client_id"], "redirect_uri": GOOD, "response_type": "code",
            "scope": "openid", "code_challenge": "x" * 43, "code_challenge_method": "S256",
        }  # fmt: skip
        browser = people.anonymous(home).browser
        answer = browser.get(f"/oauth/authorize?{urlencode(query)}")
        assert answer.status_code in {200, 303, 400}
        if (answer.location or "").startswith("/"):
            page = browser.get(answer.location)
            assert str(inside.port) not in page.text, "a page shows it from there"
    assert not inside.heard()


def _prove(home: Production, client_id: str) -> None:
    """As a client whose keys are at that address: they are looked for, and not found there."""
    form = {
        "grant_type": "authorization_code",
        "code": "x",
        "client_assertion": assertion(client_id, aud=ISSUER),
        "client_assertion_type": ASSERTION_TYPE,
    }
    answer = home.client().post("/oauth/token", data=form)
    assert answer.status_code == 503, answer.text


@pytest.mark.long_attack
def test_no_address_in_a_request_is_called(home: Production, inside: Canary) -> None:
    """Of a request (`request_uri`), of a client that is a document, of a picture, of a browser's
    push service. (CVE-2026-23603.)"""
    home.create("ana", "ana@example.org")
    party = relying_party(home, jwks={"keys": [KEY.jwk()]})
    token = home.log_in()["access_token"]
    for url in (*inside.urls(), *FAR):
        for asked in (
            {**party.parameters(), "client_id": url},
            party.parameters(request_uri=url),
        ):
            answer = home.client().get(f"/oauth/authorize?{urlencode(asked)}")
            assert answer.status_code in {303, 400}, url
        for path in ("/oauth/token", "/oauth/par", "/oauth/device", "/oauth/revoke"):
            form = {"client_id": url, "grant_type": "authorization_code", "code": "x"}
            assert home.client().post(path, data=form).status_code in {400, 401}, (path, url)
        changed = home.client().patch("/me", json={"picture": url}, headers=bearer(token))
        assert changed.status_code in {200, 422}, url
        credential = {"endpoint": url, "keys": {"p256dh": "B" * 87, "auth": "A" * 22}}
        begun = home.post("/me/authenticators/begin", token, kind="push", credential=credential)
        assert begun.status_code == 422, begun.text
    ana = people.in_a_browser(home, "ana")
    for path in ("/account", "/account/profile"):
        assert str(inside.port) not in ana.browser.get(path).text
    home.deliver()
    assert not inside.heard()


@pytest.mark.long_attack
def test_what_an_operator_registered_is_not_called_inside_either(
    home: Production, inside: Canary
) -> None:
    """A logout and a finished request that are to be told: to an address that is as good as others
    until somebody asks where it leads. The jobs are given up."""
    ana = home.create("ana", "ana@example.org").id
    for url in inside.plain_urls():
        party = relying_party(home, backchannel_logout_uri=url)
        party.sign_in()
        home.house.rooms.sessions.end_all(Actor.operator(), ana, EndReason.LOGOUT)
        bank = relying_party(
            home, grant_types=["urn:openid:params:grant-type:ciba"], response_types=[],
            redirect_uris=[], backchannel_token_delivery_mode="ping",
            backchannel_client_notification_endpoint=url,
        )  # fmt: skip
        form = {"scope": "openid", "login_hint": "ana", "client_notification_token": "n" * 22}
        asked = bank.ask("/oauth/ciba", **form)
        assert asked.status_code == 200, asked.text
        browser = people.in_a_browser(home, "ana").browser
        page = browser.get("/requests")
        done = browser.post("/requests", data={**fields(page), "decision": "allow"})
        assert done.status_code == 200, done.text
    home.deliver()
    dead = {job.kind for job in home.house.desk.list_dead()}
    assert dead == {"back_channel_logout", "ciba_ping"}
    assert not inside.heard()
    assert PASSWORD not in home.server.log()
    assert ISSUER in home.client().get("/.well-known/openid-configuration").text
