"""Devices without a browser of their own (RFC 8628): from the code on the screen to tokens."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.sessions import EndReason
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome, basic
from tests.support.racing import THREADS, at_once, statuses
from tests.support.relying_party import Pkce, claims_of, fields

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE = "/oauth/device"


def television(home: Home, **more: Any) -> str:
    """A public client for devices; its id."""
    metadata = {
        "client_name": "Television",
        "grant_types": [GRANT, "refresh_token"],
        "response_types": [],
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "ES256",
        **more,
    }
    return home.house.clients.create(Actor.operator(), metadata).client.client_id


def begin(home: Home, client_id: str, **form: str) -> dict[str, Any]:
    sent = {"client_id": client_id, "scope": "openid profile", **form}
    answer = home.client().post(DEVICE, data=sent)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def poll(home: Home, client_id: str, device_code: str, **form: str) -> TestResponse:
    sent = {"grant_type": GRANT, "client_id": client_id, "device_code": device_code, **form}
    return home.client().post("/oauth/token", data=sent)


def error_of(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def signed_in(home: Home, username: str = "ana") -> FlaskClient:
    """A browser in which somebody is signed in."""
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": username, "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def look(browser: FlaskClient, user_code: str) -> TestResponse:
    return browser.post("/device", data={**fields(browser.get("/device")), "user_code": user_code})


def decide(browser: FlaskClient, user_code: str, decision: str = "allow") -> TestResponse:
    page = look(browser, user_code)
    assert page.status_code == 200, page.text
    return browser.post("/device", data={**fields(page), "decision": decision})


@pytest.fixture
def ana(home: Home) -> Home:
    home.create("ana")
    return home


def test_a_device_is_connected(ana: Home) -> None:
    """Pending, then yes in a browser, then tokens of the approved scope with an ID token."""
    client_id = television(ana)
    started = begin(ana, client_id)
    assert error_of(poll(ana, client_id, started["device_code"])) == "authorization_pending"
    assert decide(signed_in(ana), started["user_code"]).status_code == 200
    ana.clock.let_pass(seconds=6)
    answer = poll(ana, client_id, started["device_code"])
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert told["scope"] == "openid profile"
    assert told["refresh_token"]
    assert claims_of(told["id_token"])["sub"] == claims_of(told["access_token"])["sub"]


def test_what_a_device_is_told(ana: Home) -> None:
    """RFC 8628 §3.2, never cached; the complete address holds the user code and nothing more."""
    sent = {"client_id": television(ana), "scope": "openid"}
    answer = ana.client().post(DEVICE, data=sent)
    told = answer.get_json()
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert len(told["device_code"]) == 43
    assert answer.headers["Cache-Control"] == "no-store"


def test_neither_code_lies_in_the_database(ana: Home) -> None:
    """A copy of the database is worth no device: hashes, the short one under a key."""
    from portero.core.provider.device.store import device_requests

    started = begin(ana, television(ana))
    rows = ana.house.db.read(lambda tx: [list(row) for row in tx.execute(device_requests.select())])
    kept = str(rows)
    assert started["device_code"] not in kept
    assert started["user_code"] not in kept
    assert started["user_code"].replace("-", "") not in kept


def test_discovery_tells_where_devices_begin(home: Home) -> None:
    """RFC 8628 §4."""
    told = home.get("/.well-known/oauth-authorization-server").get_json()
    assert told["device_authorization_endpoint"] == ISSUER + DEVICE
    assert GRANT in told["grant_types_supported"]


def test_only_clients_of_this_grant_begin(ana: Home) -> None:
    """Unknown, not registered for it, and one that has to prove itself and does not."""
    other = television(ana, grant_types=["refresh_token"])
    secret = television(ana, token_endpoint_auth_method="client_secret_basic")
    for client_id, status, code in (
        ("nobody", 401, "invalid_client"),
        (secret, 401, "invalid_client"),
        (other, 400, "unauthorized_client"),
    ):
        answer = ana.client().post(DEVICE, data={"client_id": client_id, "scope": "openid"})
        assert (answer.status_code, answer.get_json()["error"]) == (status, code)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"resource": "https://evil.example/"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_what_could_never_be_granted_is_refused_at_once(
    ana: Home, form: dict[str, str], code: str
) -> None:
    """The device's maker sees the mistake, and not its owner."""
    sent = {"client_id": television(ana), "scope": "openid", **form}
    assert error_of(ana.client().post(DEVICE, data=sent)) == code


def test_get_and_json_are_refused(ana: Home) -> None:
    """§3.1: POST of a form."""
    assert ana.client().get(DEVICE).status_code == 405
    assert error_of(ana.client().post(DEVICE, json={"client_id": "x"})) == "invalid_request"


def test_a_hasty_device_is_slowed_down(ana: Home) -> None:
    """§3.5: each poll that is too soon makes the interval 5 seconds longer, for good."""
    client_id = television(ana)
    code = begin(ana, client_id)["device_code"]
    assert error_of(poll(ana, client_id, code)) == "authorization_pending"
    assert error_of(poll(ana, client_id, code)) == "slow_down"
    ana.clock.let_pass(seconds=6)
    assert error_of(poll(ana, client_id, code)) == "slow_down"
    ana.clock.let_pass(seconds=16)
    assert error_of(poll(ana, client_id, code)) == "authorization_pending"


def test_no_is_no(ana: Home) -> None:
    """Denied: access_denied, and nobody can say yes afterwards."""
    client_id, browser = television(ana), signed_in(ana)
    started = begin(ana, client_id)
    assert decide(browser, started["user_code"], "deny").status_code == 200
    assert error_of(poll(ana, client_id, started["device_code"])) == "access_denied"
    assert look(browser, started["user_code"]).status_code == 422


def test_codes_expire(ana: Home) -> None:
    """After ten minutes neither the person nor the device can use theirs; approved or not."""
    client_id, browser = television(ana), signed_in(ana)
    waiting, approved = begin(ana, client_id), begin(ana, client_id)
    decide(browser, approved["user_code"])
    ana.clock.let_pass(seconds=601)
    assert look(browser, waiting["user_code"]).status_code == 422
    for started in (waiting, approved):
        assert error_of(poll(ana, client_id, started["device_code"])) == "expired_token"


def test_a_device_code_is_good_once_and_for_its_own_client(ana: Home) -> None:
    """§3.4: bound to the client; a second use finds nothing."""
    client_id, other = television(ana), television(ana)
    started = begin(ana, client_id)
    decide(signed_in(ana), started["user_code"])
    assert error_of(poll(ana, other, started["device_code"])) == "invalid_grant"
    assert poll(ana, client_id, started["device_code"]).status_code == 200
    assert error_of(poll(ana, client_id, started["device_code"])) == "invalid_grant"
    assert error_of(poll(ana, client_id, "made-up")) == "invalid_grant"


def test_the_page_asks_who_you_are_and_keeps_the_code(ana: Home) -> None:
    """To sign-in and back, with the typed code; nothing else can be carried along."""
    code = begin(ana, television(ana))["user_code"]
    browser = ana.client()
    answer = browser.get(f"/device?user_code={code.lower()}")
    assert answer.status_code == 303
    page = browser.get(answer.location)
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    back = browser.post("/sign-in", data=form)
    assert back.location == f"/device?user_code={code}"
    assert f'value="{code}"' in browser.get(back.location).text


@pytest.mark.parametrize(
    "named", ["device.//evil.example", "device.https://evil.example", "device./../x", "//evil"]
)
def test_sign_in_leads_nowhere_else(ana: Home, named: str) -> None:
    """No open redirect: what is no code of ours is no place of ours."""
    answer = ana.client().get("/sign-in", query_string={"request": named})
    assert answer.status_code == 400
    assert "evil" not in answer.headers.get("Location", "")


def test_a_link_with_the_code_still_asks(ana: Home) -> None:
    """§5.4: whoever sent the link may be a thief. Opening it decides nothing and shows no client;
    the page after it says what to compare, and warns."""
    client_id, browser = television(ana), signed_in(ana)
    started = begin(ana, client_id)
    page = browser.get(f"/device?user_code={started['user_code']}")
    assert "Television" not in page.text
    shown = browser.post("/device", data=fields(page))
    assert "Television" in shown.text
    assert started["user_code"] in shown.text
    assert "Only go on if you have just started this on a device in front of you" in shown.text
    assert error_of(poll(ana, client_id, started["device_code"])) == "authorization_pending"


def test_codes_are_read_as_people_type_them(ana: Home) -> None:
    """§6.1: small letters, spaces, no dash."""
    code = begin(ana, television(ana))["user_code"].lower()
    assert look(signed_in(ana), f" {code[:4]} {code[5:]} ").status_code == 200


def test_another_site_can_not_say_yes(ana: Home) -> None:
    """CSRF: without the page's own token, and with another browser's."""
    client_id, browser = television(ana), signed_in(ana)
    started = begin(ana, client_id)
    form = {"user_code": started["user_code"], "decision": "allow"}
    assert browser.post("/device", data=form).status_code == 403
    foreign = fields(ana.client().get("/sign-in"))["csrf"]
    assert browser.post("/device", data={**form, "csrf": foreign}).status_code == 403
    assert error_of(poll(ana, client_id, started["device_code"])) == "authorization_pending"


def test_the_first_decision_counts(ana: Home) -> None:
    """Of two people who typed one code, one has it; the tokens are theirs. (CVE-2026-45337.)"""
    ana.create("ben")
    client_id = television(ana)
    started = begin(ana, client_id)
    ben = signed_in(ana, "ben")
    page = look(ben, started["user_code"])
    decide(signed_in(ana), started["user_code"])
    late = ben.post("/device", data={**fields(page), "decision": "allow"})
    assert late.status_code == 422
    token = poll(ana, client_id, started["device_code"]).get_json()["access_token"]
    assert claims_of(token)["sub"] == ana.house.rooms.accounts.get_by_name("ana").id


def test_guessing_is_limited_by_account(make_home: MakeHome) -> None:
    """Wrong codes are counted, and a right one is not told from a wrong one afterwards."""
    home = make_home(PORTERO_LIMITS="user_code_by_account=3/600")
    home.create("ana")
    started, browser = begin(home, television(home)), signed_in(home)
    assert look(browser, started["user_code"]).status_code == 200
    assert [look(browser, "BCDFGHJK").status_code for _ in range(4)] == [422, 422, 422, 429]
    assert look(browser, started["user_code"]).status_code == 429


@pytest.mark.parametrize("limit", ["user_code_by_address", "user_code_everywhere"])
def test_guessing_is_limited_for_many_accounts_together(make_home: MakeHome, limit: str) -> None:
    """Who has many accounts has no more tries."""
    home = make_home(PORTERO_LIMITS=f"{limit}=2/600")
    statuses = []
    for name in ("ana", "ben", "cleo"):
        home.create(name)
        statuses.append(look(signed_in(home, name), "BCDFGHJK").status_code)
    assert statuses == [422, 422, 429]


def test_nobody_fills_the_table_in_the_name_of_a_public_client(make_home: MakeHome) -> None:
    """The limit counts by address."""
    home = make_home(PORTERO_LIMITS="device_by_address=2/60")
    sent = {"client_id": television(home), "scope": "openid"}
    statuses = [home.client().post(DEVICE, data=sent).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_what_ended_before_the_tokens_gives_none(ana: Home) -> None:
    """Signed out, consent taken back, account disabled, between yes and the next poll."""
    client_id = television(ana)
    account_id = ana.house.rooms.accounts.get_by_name("ana").id
    rooms = ana.house.rooms

    def sign_out() -> None:
        rooms.sessions.end_all(Actor.operator(), account_id, EndReason.REVOKED)

    def withdraw() -> None:
        rooms.provider.connections.withdraw(Actor.operator(), account_id, client_id)

    def disable() -> None:
        rooms.account_admin.disable(Actor.operator(), account_id)

    for end in (sign_out, withdraw, disable):
        started = begin(ana, client_id)
        decide(signed_in(ana), started["user_code"])
        end()
        assert error_of(poll(ana, client_id, started["device_code"])) == "invalid_grant"


def test_a_consent_that_is_given_again_revives_no_older_yes(ana: Home) -> None:
    """The attack: a yes that nobody redeemed yet, taken back, and a new yes for another device."""
    client_id, browser = television(ana), signed_in(ana)
    account_id = ana.house.rooms.accounts.get_by_name("ana").id
    old, new = begin(ana, client_id), begin(ana, client_id)
    decide(browser, old["user_code"])
    ana.house.rooms.provider.connections.withdraw(Actor.operator(), account_id, client_id)
    decide(browser, new["user_code"])
    assert error_of(poll(ana, client_id, old["device_code"])) == "invalid_grant"
    assert poll(ana, client_id, new["device_code"]).status_code == 200


def test_a_client_that_demands_a_new_sign_in_gets_one(ana: Home) -> None:
    """default_max_age holds for devices too: an old session is sent to sign-in, and back."""
    client_id, browser = television(ana, default_max_age=60), signed_in(ana)
    ana.clock.let_pass(seconds=120)
    started = begin(ana, client_id)
    answer = look(browser, started["user_code"])
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?request=device.")


def test_a_device_that_began_with_a_key_ends_with_it(ana: Home) -> None:
    """DPoP at the beginning: without a proof of that key the approved code is worth nothing."""
    client_id, key = television(ana), ProvingKey()

    def proof(url: str) -> dict[str, str]:
        return {"DPoP": key.proof(ISSUER + url, method="POST", now=ana.clock.now())}

    sent = {"client_id": client_id, "scope": "openid"}
    codes = []
    for _ in range(2):
        started = ana.client().post(DEVICE, data=sent, headers=proof(DEVICE)).get_json()
        decide(signed_in(ana), started["user_code"])
        codes.append(started["device_code"])
    assert error_of(poll(ana, client_id, codes[0])) == "invalid_grant"
    form = {"grant_type": GRANT, "client_id": client_id, "device_code": codes[1]}
    answer = ana.client().post("/oauth/token", data=form, headers=proof("/oauth/token"))
    assert answer.get_json()["token_type"] == "DPoP"


def test_a_device_that_began_with_a_challenge_has_the_verifier(ana: Home) -> None:
    """PKCE at the beginning is demanded at the end; a wrong verifier burns the code.
    (CVE-2026-123542.)"""
    client_id, pkce, browser = television(ana), Pkce(), signed_in(ana)
    challenge = {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    good, bad = begin(ana, client_id, **challenge), begin(ana, client_id, **challenge)
    for started in (good, bad):
        decide(browser, started["user_code"])
    answer = poll(ana, client_id, good["device_code"], code_verifier=pkce.verifier)
    assert answer.status_code == 200
    assert error_of(poll(ana, client_id, bad["device_code"])) == "invalid_grant"
    again = poll(ana, client_id, bad["device_code"], code_verifier=pkce.verifier)
    assert error_of(again) == "invalid_grant"


def test_a_confidential_device_proves_itself(ana: Home) -> None:
    """At both endpoints, by the method that it registered."""
    metadata = {
        "grant_types": [GRANT],
        "response_types": [],
        "id_token_signed_response_alg": "ES256",
    }
    created = ana.house.clients.create(Actor.operator(), metadata)
    assert created.secret is not None
    headers = basic(created.client.client_id, created.secret.reveal())
    started = ana.client().post(DEVICE, data={"scope": "openid"}, headers=headers).get_json()
    decide(signed_in(ana), started["user_code"])
    form = {"grant_type": GRANT, "device_code": started["device_code"]}
    answer = ana.client().post("/oauth/token", data=form, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.get_json()


def test_one_of_twenty_redeems_a_device_code(make_home: MakeHome) -> None:
    """One grant, one set of tokens; the others are told that it is spent."""
    home = make_home(PORTERO_THREADS="160")
    home.create("ana")
    client_id = television(home)
    started = begin(home, client_id)
    decide(signed_in(home), started["user_code"])
    answers = at_once(lambda _: poll(home, client_id, started["device_code"]))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}


def test_one_of_twenty_decides(make_home: MakeHome) -> None:
    """Of twenty forms that are sent at once one is taken."""
    home = make_home(PORTERO_THREADS="160")
    home.create("ana")
    started, browser = begin(home, television(home)), signed_in(home)
    form = {**fields(look(browser, started["user_code"])), "decision": "allow"}
    cookie = browser.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None

    def press(_: int) -> TestResponse:
        mine = home.client()
        mine.set_cookie("portero", cookie.value)
        return mine.post("/device", data=form)

    counted = statuses(at_once(press))
    assert counted[200] == 1
    assert set(counted) <= {200, 422, 429}
