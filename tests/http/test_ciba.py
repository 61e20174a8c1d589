"""Applications that ask for somebody who is elsewhere (CIBA Core 1.0): asked, told, answered."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from guard.tests.proofs import ProvingKey
from portero.core.audit import Actor
from portero.core.clients import ClientState
from portero.core.sessions import EndReason
from tests.support.backchannel import (
    CIBA,
    GRANT,
    NOTIFICATION_TOKEN,
    answer,
    bank,
    error_of,
    form_of,
    ringing_bank,
    signed_in,
    waiting,
)
from tests.support.house import ISSUER, PASSWORD, Home, MakeHome
from tests.support.listener import Listener
from tests.support.relying_party import claims_of, fields, relying_party

MESSAGE = "Pay 30 EUR to Ben, W4SCT"


@pytest.fixture
def ana(home: Home) -> Home:
    home.create("ana", email="ana@example.org")
    return home


# --- from the request to the tokens -----------------------------------------------------------


def test_somebody_elsewhere_lets_an_application_in(ana: Home) -> None:
    """Pending, then yes in a browser of the person's own, then tokens of the approved scope."""
    shop = bank(ana)
    started = shop.begin(binding_message=MESSAGE)
    assert error_of(shop.poll(started)) == "authorization_pending"
    assert answer(signed_in(ana)).status_code == 200
    ana.clock.let_pass(seconds=6)
    got = shop.poll(started)
    assert got.status_code == 200, got.text
    told = got.get_json()
    assert told["scope"] == "openid profile"
    assert told["refresh_token"]
    assert claims_of(told["id_token"])["sub"] == claims_of(told["access_token"])["sub"]


def test_what_an_application_is_told(ana: Home) -> None:
    """CIBA §7.3: a name of 256 random bits, never cached, and nothing of the person."""
    got = bank(ana).ask()
    told = got.get_json()
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert re.fullmatch(r"[\w-]{43}", told["auth_req_id"])
    assert set(told) == {"auth_req_id", "expires_in", "interval"}
    assert got.headers["Cache-Control"] == "no-store"


def test_the_id_token_says_how_the_person_signed_in(ana: Home) -> None:
    """Of the session in which they answered; the claims of push mode are not in it (§10.3.1)."""
    shop, browser = bank(ana), signed_in(ana)
    signed_in_at = int(ana.clock.now().timestamp())
    ana.clock.let_pass(seconds=100)
    started = shop.begin()
    answer(browser)
    told = shop.poll(started).get_json()
    claims = claims_of(told["id_token"])
    assert abs(claims["auth_time"] - signed_in_at) <= 5
    assert claims["amr"] == ["pwd"]
    assert claims["sid"] == claims_of(told["access_token"])["sid"]
    assert claims["aud"] == shop.client_id
    assert not [name for name in claims if name.startswith("urn:")]


def test_discovery_tells_what_is_offered(home: Home) -> None:
    """CIBA §4: poll and ping; no push, no user code, no signed requests."""
    told = home.get("/.well-known/openid-configuration").get_json()
    assert told["backchannel_authentication_endpoint"] == ISSUER + CIBA
    assert told["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert told["backchannel_user_code_parameter_supported"] is False
    assert "backchannel_authentication_request_signing_alg_values_supported" not in told
    assert GRANT in told["grant_types_supported"]


def test_only_clients_of_this_grant_ask(ana: Home) -> None:
    """Unknown, without a proof, and registered for something else."""
    other = relying_party(ana)
    form = {"scope": "openid", "login_hint": "ana"}
    for sent, status, code in (
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": bank(ana).client_id}, 401, "invalid_client"),
        (
            {"client_id": other.client_id, "client_secret": other.secret},
            401,
            "invalid_client",  # registered for client_secret_basic
        ),
    ):
        got = ana.client().post(CIBA, data={**form, **sent})
        assert (got.status_code, got.get_json()["error"]) == (status, code)
    wrong = bank(ana, grant_types=["refresh_token"])
    assert error_of(wrong.ask()) == "unauthorized_client"
    assert error_of(wrong.poll("x")) == "unauthorized_client"


def test_get_and_json_are_refused(ana: Home) -> None:
    """§7.1: POST of a form."""
    assert ana.client().get(CIBA).status_code == 405
    assert error_of(ana.client().post(CIBA, json={"scope": "openid"})) == "invalid_request"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"scope": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "a" * 321}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),  # two hints
        ({"login_hint": None, "id_token_hint": "a.b.c"}, "invalid_request"),
        ({"login_hint": None, "login_hint_token": "a.b.c"}, "invalid_request"),
        ({"login_hint_token": "a.b.c"}, "invalid_request"),
        ({"binding_message": "x" * 65}, "invalid_binding_message"),
        ({"binding_message": "two\nlines"}, "invalid_binding_message"),
        ({"binding_message": "\u202egnp.exe"}, "invalid_binding_message"),
        ({"binding_message": "   "}, "invalid_binding_message"),
        ({"user_code": "1234"}, "invalid_request"),
        ({"request": "a.b.c"}, "invalid_request"),
        ({"request_uri": "https://app.example/r"}, "invalid_request"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "1.5"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"resource": "https://evil.example/"}, "invalid_target"),
        ({"authorization_details": '[{"type":"payment"}]'}, "invalid_authorization_details"),
        ({"login_hint": "nobody"}, "unknown_user_id"),
    ],
)
def test_what_could_never_be_granted_is_refused_at_once(
    ana: Home, form: dict[str, str | None], code: str
) -> None:
    """CIBA §13; the person hears nothing of it."""
    shop = bank(ana)
    assert error_of(shop.ask(**form)) == code
    assert waiting(signed_in(ana)) == []
    ana.deliver()
    assert ana.mails() == []


def test_a_refusal_says_what_is_not_supported(ana: Home) -> None:
    """A developer of FAPI-CIBA reads why the signed request came back."""
    shop = bank(ana)
    for name in ("request", "login_hint_token", "user_code"):
        told = shop.ask(**{name: "x"}).get_json()
        assert told["error_description"] == f"{name} is not supported here."


@pytest.mark.parametrize(("wished", "given"), [("30", 30), ("3600", 3600), ("999999999", 3600)])
def test_an_application_may_wish_for_a_lifetime(ana: Home, wished: str, given: int) -> None:
    """§7.1, requested_expiry: within bounds, and it is what happens."""
    shop = bank(ana)
    told = shop.ask(requested_expiry=wished).get_json()
    assert told["expires_in"] == given
    ana.clock.let_pass(seconds=given - 1)
    assert error_of(shop.poll(told["auth_req_id"])) == "authorization_pending"
    ana.clock.let_pass(seconds=20)
    assert error_of(shop.poll(told["auth_req_id"])) == "expired_token"


def test_a_person_is_named_in_three_ways(ana: Home) -> None:
    """Username, proven mail address, and an ID token of before, however old it is."""
    shop, browser = bank(ana), signed_in(ana)
    first = shop.begin()
    answer(browser)
    hint = shop.poll(first).get_json()["id_token"]
    ana.clock.let_pass(hours=3)
    shop.begin(login_hint="ANA@example.org")
    shop.begin(login_hint=None, id_token_hint=hint)
    assert len(waiting(browser)) == 2


def test_a_pairwise_client_names_people_by_its_own_name_for_them(ana: Home) -> None:
    """The sub of its ID token is nobody's for another sector."""
    shop, browser = bank(ana, subject_type="pairwise"), signed_in(ana)
    first = shop.begin()
    answer(browser)
    hint = shop.poll(first).get_json()["id_token"]
    assert claims_of(hint)["sub"] != ana.house.rooms.accounts.get_by_name("ana").id
    shop.begin(login_hint=None, id_token_hint=hint)
    assert len(waiting(browser)) == 1


def test_an_unproven_address_names_nobody(home: Home) -> None:
    """Anybody can claim it."""
    home.register("ana", email="ana@example.org")
    assert error_of(bank(home).ask(login_hint="ana@example.org")) == "unknown_user_id"


# --- polling ----------------------------------------------------------------------------------


def test_a_hasty_application_is_slowed_down(ana: Home) -> None:
    """CIBA §11: the same rule as for devices."""
    shop = bank(ana)
    started = shop.begin()
    assert error_of(shop.poll(started)) == "authorization_pending"
    assert error_of(shop.poll(started)) == "slow_down"
    ana.clock.let_pass(seconds=6)
    assert error_of(shop.poll(started)) == "slow_down"
    ana.clock.let_pass(seconds=16)
    assert error_of(shop.poll(started)) == "authorization_pending"


def test_no_is_no(ana: Home) -> None:
    """access_denied, no consent is remembered, and nobody can say yes afterwards."""
    shop, browser = bank(ana), signed_in(ana)
    started = shop.begin()
    assert answer(browser, "deny").status_code == 200
    assert error_of(shop.poll(started)) == "access_denied"
    assert waiting(browser) == []
    account = ana.house.rooms.accounts.get_by_name("ana")
    assert ana.house.rooms.provider.connections.list_of(account.id) == []


def test_a_request_expires_answered_or_not(ana: Home) -> None:
    """Neither the person nor the application can use it any more."""
    shop, browser = bank(ana), signed_in(ana)
    late, approved = shop.begin(), shop.begin()
    answer(browser)
    ana.clock.let_pass(seconds=601)
    assert waiting(browser) == []
    for started in (late, approved):
        assert error_of(shop.poll(started)) == "expired_token"


def test_without_the_refresh_grant_there_is_no_refresh_token(ana: Home) -> None:
    """As at the other grants."""
    shop = bank(ana, grant_types=[GRANT])
    started = shop.begin()
    answer(signed_in(ana))
    assert "refresh_token" not in shop.poll(started).get_json()


def test_tokens_are_for_the_resource_that_was_agreed_to(make_home: MakeHome) -> None:
    """RFC 8707, as in the other flows; the person sees it."""
    orders = "https://orders.example/api"
    home = make_home(PORTERO_RESOURCES=orders)
    home.create("ana")
    shop, browser = bank(home), signed_in(home)
    started = shop.begin(resource=orders)
    assert orders in waiting(browser)[0]
    answer(browser)
    assert error_of(shop.poll(started, resource="https://evil.example/")) == "invalid_target"
    again = shop.begin(resource=orders)
    answer(browser)
    assert claims_of(shop.poll(again).get_json()["access_token"])["aud"] == orders


def test_authorization_details_are_shown_and_granted(make_home: MakeHome, tmp_path: Path) -> None:
    """RFC 9396: the payment that the person reads is the one that the token says."""
    config = tmp_path / "portero.toml"
    config.write_text(
        '[authorization_details.payment]\nlabel = "Pay from your account"\n'
        "[authorization_details.payment.fields.amount]\n"
        'type = "string"\nrequired = true\n'
    )
    home = make_home(PORTERO_CONFIG=str(config))
    home.create("ana")
    shop, browser = bank(home, authorization_details_types=["payment"]), signed_in(home)
    wanted = [{"type": "payment", "amount": "30 EUR"}]
    started = shop.begin(authorization_details=json.dumps(wanted))
    section = waiting(browser)[0]
    assert "Pay from your account" in section
    assert "30 EUR" in section
    answer(browser)
    told = shop.poll(started).get_json()
    assert told["authorization_details"] == wanted
    assert claims_of(told["access_token"])["authorization_details"] == wanted
    more = shop.begin(authorization_details=json.dumps(wanted))
    answer(browser)
    greedy = json.dumps([{"type": "payment", "amount": "9000 EUR"}])
    refused = shop.poll(more, authorization_details=greedy)
    assert error_of(refused) == "invalid_authorization_details"


def test_an_application_that_began_with_a_key_ends_with_it(ana: Home) -> None:
    """DPoP at the beginning: without a proof of that key the answer is worth nothing."""
    shop, browser, key = bank(ana), signed_in(ana), ProvingKey()

    def proof(path: str) -> dict[str, str]:
        return {"DPoP": key.proof(ISSUER + path, method="POST", now=ana.clock.now())}

    form, started = {"scope": "openid", "login_hint": "ana"}, []
    for _ in range(2):
        got = shop.send(form, headers=proof(CIBA))
        assert got.headers["DPoP-Nonce"]
        started.append(got.get_json()["auth_req_id"])
        answer(browser)
    assert error_of(shop.poll(started[0])) == "invalid_grant"
    sent = {"grant_type": GRANT, "auth_req_id": started[1]}
    got = shop.send(sent, "/oauth/token", proof("/oauth/token"))
    assert got.get_json()["token_type"] == "DPoP"


# --- the page ---------------------------------------------------------------------------------


def test_the_page_says_who_asks_for_what(ana: Home) -> None:
    """The application's name, what it wants, the message to compare, and the account."""
    bank(ana).begin(binding_message=MESSAGE)
    page = signed_in(ana).get("/requests").text
    seen = re.sub("</?bdi>", "", page)
    for text in ("Allow Bank?", "Know that it is you", MESSAGE, "You are signed in as ana."):
        assert text in seen
    assert "Only go on if you have just started this yourself, and it shows this text" in page


def test_the_page_without_a_request_says_so(ana: Home) -> None:
    """An empty page is no error."""
    page = signed_in(ana).get("/requests")
    assert page.status_code == 200
    assert "No application waits for you." in page.text


def test_the_page_asks_who_you_are_and_leads_back(ana: Home) -> None:
    """By name, and to nowhere else; the account page leads there too."""
    browser = ana.client()
    sent = browser.get("/requests")
    assert sent.location == "/sign-in?request=requests"
    form = {**fields(browser.get(sent.location)), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).location == "/requests"
    assert 'href="/requests"' in browser.get("/account").text


def test_everybody_who_is_signed_in_here_sees_their_own(ana: Home) -> None:
    """Two accounts in one browser: the mail may be about the one that did not sign in last."""
    ana.create("ben")
    shop = bank(ana)
    browser = signed_in(ana, "ben", signed_in(ana))
    started = shop.begin()
    assert len(waiting(browser)) == 1
    answer(browser)
    token = shop.poll(started).get_json()["access_token"]
    assert claims_of(token)["sub"] == ana.house.rooms.accounts.get_by_name("ana").id


def test_only_an_answer_is_one(ana: Home) -> None:
    """A form without a button shows the page again."""
    shop, browser = bank(ana), signed_in(ana)
    started = shop.begin()
    assert answer(browser, "perhaps").status_code == 200
    assert error_of(shop.poll(started)) == "authorization_pending"


def test_an_application_that_demands_a_new_sign_in_gets_one(ana: Home) -> None:
    """default_max_age holds here too for a yes. A no is as good in an old session."""
    shop, browser = bank(ana, default_max_age=60), signed_in(ana)
    ana.clock.let_pass(seconds=120)
    refused, wanted = shop.begin(), shop.begin()
    sent = answer(browser)
    assert sent.location == "/sign-in?request=requests.fresh"
    assert error_of(shop.poll(wanted)) == "authorization_pending"
    assert answer(browser, "deny", which=1).status_code == 200
    assert error_of(shop.poll(refused)) == "access_denied"
    answer(signed_in(ana, browser=browser))
    ana.clock.let_pass(seconds=6)
    assert shop.poll(wanted).status_code == 200


def test_levels_that_nobody_can_reach_are_a_wish(ana: Home) -> None:
    """§7.1, acr_values: as at the authorization endpoint."""
    shop = bank(ana)
    started = shop.begin(acr_values="phr aal1")
    answer(signed_in(ana))
    assert claims_of(shop.poll(started).get_json()["id_token"])["acr"] == "aal1"


# --- the mail ---------------------------------------------------------------------------------


def test_the_person_is_mailed(ana: Home) -> None:
    """Who asks, what to compare, and a link to the page. It opens nothing by itself."""
    bank(ana).begin(binding_message=MESSAGE)
    ana.deliver()
    (mail,) = ana.mails()
    assert "To: ana@example.org" in mail
    for text in ("“Bank”", f"“{MESSAGE}”", f"{ISSUER}/requests", "10 minutes"):
        assert text in mail


def test_the_mail_is_in_the_readers_language(ana: Home) -> None:
    """And so is the application's name, where it has one there (RFC 7591 §2.2)."""
    account = ana.house.rooms.accounts.get_by_name("ana")
    ana.house.rooms.accounts.change_profile(
        Actor.operator(), account.id, {"locale": "de-AT"}, by_owner=False
    )
    bank(ana, **{"client_name#de": "Sparkasse"}).begin()
    ana.deliver()
    (mail,) = ana.mails()
    assert "„Sparkasse“ bittet um Zugriff auf Ihr Konto" in " ".join(mail.split())


def test_nobody_is_mailed_at_an_unproven_address(home: Home) -> None:
    """It may be a stranger's. The request waits on the page."""
    home.register("ana", email="ana@example.org")
    home.deliver()
    before = home.mails()
    bank(home).begin()
    home.deliver()
    assert home.mails() == before
    assert len(waiting(signed_in(home))) == 1


# --- ping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_an_application_is_rung_up(ana: Home, listener: Listener, decision: str) -> None:
    """CIBA §10.2: the bearer token of the request, and its name; after a yes and after a no."""
    shop = ringing_bank(ana, f"{listener.url}/ping")
    started = shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    ana.deliver()
    assert listener.posted == []
    answer(signed_in(ana), decision)
    ana.deliver()
    (posted,) = listener.posted
    assert posted.path == "/ping"
    assert posted.headers["authorization"] == f"Bearer {NOTIFICATION_TOKEN}"
    assert posted.headers["content-type"] == "application/json"
    assert json.loads(posted.body) == {"auth_req_id": started}
    got = shop.poll(started)
    assert got.status_code == (200 if decision == "allow" else 400)


@pytest.mark.parametrize("token", [None, "", "x" * 1025, "two words", "a=b", "ümlaut"])
def test_a_notification_token_is_a_bearer_token(
    ana: Home, listener: Listener, token: str | None
) -> None:
    """§7.1, RFC 6750 §2.1: or it would be a way to write headers."""
    shop = ringing_bank(ana, listener.url)
    assert error_of(shop.ask(client_notification_token=token)) == "invalid_request"


def test_an_application_that_polls_is_not_rung_up(ana: Home, listener: Listener) -> None:
    """What it sends of a token is not kept."""
    shop = bank(ana, backchannel_client_notification_endpoint=listener.url)
    shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    answer(signed_in(ana))
    ana.deliver()
    assert listener.posted == []


def test_a_ping_that_is_not_heard_is_tried_again_while_it_can_help(
    ana: Home, listener: Listener
) -> None:
    """By the outbox; and no more when the request is over."""
    shop = ringing_bank(ana, listener.url)
    shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    listener.status = 503
    answer(signed_in(ana))
    ana.deliver()
    ana.clock.let_pass(minutes=1)
    ana.deliver()
    assert len(listener.posted) == 2
    ana.clock.let_pass(hours=1)
    ana.deliver()
    assert len(listener.posted) == 2
    assert ana.house.desk.list_dead() == []


@pytest.mark.parametrize("status", [302, 401, 404])
def test_a_refused_ping_is_not_repeated_and_no_redirect_followed(
    ana: Home, listener: Listener, status: int
) -> None:
    """§10.2: "the OP MUST NOT follow redirects"."""
    shop = ringing_bank(ana, listener.url)
    shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    listener.status = status
    answer(signed_in(ana))
    ana.deliver()
    ana.clock.let_pass(minutes=5)
    ana.deliver()
    assert len(listener.posted) == 1


# --- what the operator sees ------------------------------------------------------------------


def test_each_step_is_in_the_audit_log(ana: Home) -> None:
    """Who asked for whom, what was answered, and the first of a flood; never the name of the
    request, nor the message."""
    shop, browser = bank(ana), signed_in(ana)
    account_id = ana.house.rooms.accounts.get_by_name("ana").id
    for decision in ("allow", "deny"):
        shop.begin(binding_message=MESSAGE)
        answer(browser, decision)
    for _ in range(6):
        shop.ask()
    audit = ana.house.audit
    asked = audit.list_entries(kind="ciba.asked")
    assert len(asked) == 5
    assert (asked[0].actor_kind, asked[0].actor_id) == ("client", shop.client_id)
    assert asked[0].details == {"scope": "openid profile", "mailed": True}
    for kind in ("ciba.approved", "ciba.denied"):
        (told,) = audit.list_entries(kind=kind)
        assert (told.account_id, told.client_id) == (account_id, shop.client_id)
    (limited,) = audit.list_entries(kind="ciba.limited")
    assert limited.details == {"limit": "ciba_by_client"}


# --- what ends ----------------------------------------------------------------------------------


def test_what_ended_before_the_tokens_gives_none(ana: Home) -> None:
    """Signed out, consent taken back, account disabled, between yes and the next poll."""
    shop, rooms = bank(ana), ana.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id

    def sign_out() -> None:
        rooms.sessions.end_all(Actor.operator(), account_id, EndReason.REVOKED)

    def withdraw() -> None:
        rooms.provider.connections.withdraw(Actor.operator(), account_id, shop.client_id)

    def disable() -> None:
        rooms.account_admin.disable(Actor.operator(), account_id)

    for end in (sign_out, withdraw, disable):
        started = shop.begin()
        answer(signed_in(ana))
        end()
        assert error_of(shop.poll(started)) == "invalid_grant"


def test_what_ends_a_connection_ends_what_still_waits(ana: Home) -> None:
    """A consent that is taken back, and an account that is disabled: the page is empty and the
    application is told, for good."""
    shop, rooms = bank(ana), ana.house.rooms
    account_id, browser = rooms.accounts.get_by_name("ana").id, signed_in(ana)
    shop.begin()
    answer(browser)
    taken_back = shop.begin()
    rooms.provider.connections.withdraw(Actor.operator(), account_id, shop.client_id)
    assert waiting(browser) == []
    assert error_of(shop.poll(taken_back)) == "invalid_grant"
    of_disabled = shop.begin()
    rooms.account_admin.disable(Actor.operator(), account_id)
    assert error_of(shop.poll(of_disabled)) == "invalid_grant"
    rooms.account_admin.enable(Actor.operator(), account_id)
    assert error_of(shop.poll(of_disabled)) == "invalid_grant"
    assert waiting(signed_in(ana)) == []


def test_nobody_asks_for_an_account_that_is_disabled(ana: Home) -> None:
    """CIBA §13: access_denied; and a deleted one is nobody."""
    shop, rooms = bank(ana), ana.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    waits = shop.begin()
    rooms.account_admin.disable(Actor.operator(), account_id)
    assert error_of(shop.ask()) == "access_denied"
    rooms.account_admin.delete(Actor.operator(), account_id)
    assert error_of(shop.ask()) == "unknown_user_id"
    assert error_of(shop.poll(waits)) == "invalid_grant"


def test_nobody_asks_for_an_account_that_is_about_to_be_deleted(ana: Home) -> None:
    """Its owner is asked first whether it stays."""
    shop, rooms = bank(ana), ana.house.rooms
    rooms.account_admin.leave(Actor.operator(), rooms.accounts.get_by_name("ana").id)
    assert error_of(shop.ask()) == "access_denied"


def test_a_disabled_application_waits_for_nobody(ana: Home) -> None:
    """Its requests leave the page, and a form that was open already answers nothing."""
    shop, browser = bank(ana), signed_in(ana)
    shop.begin()
    form = form_of(waiting(browser)[0])
    ana.house.clients.set_state(Actor.operator(), shop.client_id, ClientState.DISABLED)
    assert waiting(browser) == []
    assert browser.post("/requests", data={**form, "decision": "allow"}).status_code == 404


def test_nothing_lies_in_the_database_that_tokens_could_be_had_for(
    ana: Home, listener: Listener
) -> None:
    """The name of the request as a hash, what the ping says encrypted, in the outbox too."""
    shop = ringing_bank(ana, listener.url)
    started = shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    answer(signed_in(ana))
    kept = ana.house.db.read(
        lambda tx: str(
            [
                list(row)
                for table in ("ciba_requests", "outbox_jobs")
                for row in tx.exec_driver_sql(f"SELECT * FROM {table}")
            ]
        )
    )
    assert shop.client_id in kept
    assert started not in kept
    assert NOTIFICATION_TOKEN not in kept
