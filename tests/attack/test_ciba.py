"""Backchannel authentication attacked: somebody else's request, a thief of its name, a flood of
mails, other sites, and an application that means harm."""

from __future__ import annotations

import email
import email.policy
from typing import Any

import jwt
import pytest

from portero.core.audit import Actor
from tests.support.backchannel import (
    NOTIFICATION_TOKEN,
    answer,
    bank,
    error_of,
    form_of,
    ringing_bank,
    signed_in,
    waiting,
)
from tests.support.house import Home, MakeHome
from tests.support.racing import THREADS, at_once, statuses
from tests.support.relying_party import claims_of, fields, relying_party

pytestmark = pytest.mark.sqlite_alone


# What the answer does not depend on is tried on one database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    made = make_home(PORTERO_THREADS="160")
    made.create("ana", email="ana@example.org")
    return made


# --- whose request it is ----------------------------------------------------------------------


def test_nobody_sees_or_answers_what_is_meant_for_somebody_else(home: Home) -> None:
    """Ben has the id of Ana's request, and of her session, and a form of his own page."""
    home.create("ben")
    shop, ana, ben = bank(home), signed_in(home), signed_in(home, "ben")
    started = shop.begin(binding_message="for Ana alone")
    anas = form_of(waiting(ana)[0])
    shop.begin(login_hint="ben")
    own = form_of(waiting(ben)[0])
    assert "for Ana alone" not in ben.get("/requests").text
    for session in (own["session"], anas["session"], ""):
        for decision in ("allow", "deny"):
            forged = {**own, "id": anas["id"], "session": session, "decision": decision}
            assert ben.post("/requests", data=forged).status_code == 404
    assert error_of(shop.poll(started)) == "authorization_pending"
    assert len(waiting(ana)) == 1
    answer(ana)
    home.clock.let_pass(seconds=6)
    told = shop.poll(started).get_json()
    assert claims_of(told["access_token"])["sub"] == _id_of(home, "ana")


def test_a_person_who_is_signed_out_answers_nothing(home: Home) -> None:
    """The form is still open in a browser whose session ended."""
    shop, ana = bank(home), signed_in(home)
    started = shop.begin()
    form = form_of(waiting(ana)[0])
    ana.post("/sign-out", data=fields(ana.get("/account")))
    sent = ana.post("/requests", data={**form, "decision": "allow"})
    assert sent.status_code in {303, 403}
    assert error_of(shop.poll(started)) == "authorization_pending"


@pytest.mark.parametrize("named", ["requests/", "requests.x", "requests//evil.example", "Requests"])
@on_sqlite
def test_sign_in_leads_from_a_request_nowhere_else(home: Home, named: str) -> None:
    """No open redirect: only the very name is the page's."""
    sent = home.client().get("/sign-in", query_string={"request": named})
    assert sent.status_code == 400
    assert "evil" not in sent.headers.get("Location", "")


# --- who redeems it ---------------------------------------------------------------------------


def test_another_application_redeems_nothing(home: Home) -> None:
    """It has the name of the request, and a grant of the same kind; the owner is not harmed."""
    shop, thief = bank(home), bank(home)
    started = shop.begin()
    answer(signed_in(home))
    assert error_of(thief.poll(started)) == "invalid_grant"
    assert error_of(shop.poll("made-up")) == "invalid_grant"
    assert shop.poll(started).status_code == 200


def test_a_request_is_redeemed_once(home: Home) -> None:
    """A replay finds nothing, at once and after the request is over."""
    shop = bank(home)
    started = shop.begin()
    answer(signed_in(home))
    assert shop.poll(started).status_code == 200
    assert error_of(shop.poll(started)) == "invalid_grant"
    home.clock.let_pass(hours=1)
    assert error_of(shop.poll(started)) == "invalid_grant"


@pytest.mark.each_case_on_each_database
def test_one_of_twenty_redeems_a_request(home: Home) -> None:
    """One grant, one set of tokens; the others are told that it is spent."""
    shop = bank(home)
    started = shop.begin()
    answer(signed_in(home))
    answers = at_once(lambda _: shop.poll(started))
    assert statuses(answers) == {200: 1, 400: THREADS - 1}


@pytest.mark.each_case_on_each_database
def test_one_of_twenty_answers_counts(home: Home) -> None:
    """Half of them say yes and half no: the first is in force, and the others are told."""
    shop, ana = bank(home), signed_in(home)
    started = shop.begin()
    form = form_of(waiting(ana)[0])
    cookie = ana.get_cookie("portero", domain="127.0.0.1")
    assert cookie is not None

    def press(number: int) -> Any:
        mine = home.client()
        mine.set_cookie("portero", cookie.value)
        decision = "allow" if number % 2 else "deny"
        return mine.post("/requests", data={**form, "decision": decision})

    answers = at_once(press)
    assert statuses(answers) == {200: 1, 404: THREADS - 1}
    winner = next(each for each in answers if each.status_code == 200)
    got = shop.poll(started)
    assert (got.status_code == 200) is ("Go on in Bank" in winner.text)


def test_cve_2026_9798_a_locked_account_is_refused_at_both_ends(home: Home) -> None:
    """CVE-2026-9798, CVE-2026-16103: checked at the start but not at the redemption, or the other
    way round."""
    shop, admin, account_id = bank(home), home.house.rooms.account_admin, _id_of(home, "ana")
    approved, waits = shop.begin(), shop.begin()
    answer(signed_in(home), which=1)
    admin.disable(Actor.operator(), account_id)
    assert error_of(shop.ask()) == "access_denied"
    for started in (approved, waits):
        assert error_of(shop.poll(started)) == "invalid_grant"


# --- how often ----------------------------------------------------------------------------------


def test_an_application_can_not_flood_a_person(home: Home) -> None:
    """Five in ten minutes, and as many mails. Another application is not kept out by it: what is
    refused costs the person's own budget nothing."""
    shop, other = bank(home), bank(home)
    counted = [shop.ask().status_code for _ in range(20)]
    assert counted == [200] * 5 + [429] * 15
    refused = shop.ask()
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    home.deliver()
    assert len(home.mails()) == 5
    assert other.ask().status_code == 200
    home.create("ben")
    assert shop.ask(login_hint="ben").status_code == 200
    home.clock.let_pass(seconds=601)
    assert shop.ask().status_code == 200


def test_many_applications_can_not_flood_a_person(home: Home) -> None:
    """Fifteen in ten minutes from all of them together, by whatever name the person is called."""
    banks = [bank(home) for _ in range(4)]
    names = ("ana", "ANA", "ana@example.org")
    counted = [each.ask(login_hint=names[n % 3]).status_code for each in banks for n in range(5)]
    assert counted == [200] * 15 + [429] * 5


@pytest.mark.each_case_on_each_database
def test_a_flood_at_once_is_counted_too(home: Home) -> None:
    """Twenty requests at the same moment are no way round."""
    shop = bank(home)
    assert statuses(at_once(lambda _: shop.ask())) == {200: 5, 429: THREADS - 5}


@pytest.mark.parametrize("limit", ["ciba_unknown_by_client"])
def test_names_can_not_be_tried_out_by_the_thousand(make_home: MakeHome, limit: str) -> None:
    """unknown_user_id tells who exists (CIBA §13). Over the limit nothing is told, of a name that
    exists either; a right one costs nothing."""
    home = make_home(PORTERO_LIMITS=f"{limit}=3/600")
    home.create("ana")
    home.create("shut")
    home.house.rooms.account_admin.disable(Actor.operator(), _id_of(home, "shut"))
    shop = bank(home)
    assert [shop.ask().status_code for _ in range(4)] == [200] * 4
    guessed = [shop.ask(login_hint=f"guess{number}").status_code for number in range(2)]
    assert guessed == [400, 400]
    # That it is disabled tells as much, and is counted as much.
    assert error_of(shop.ask(login_hint="shut")) == "access_denied"
    for name in ("ana", "guess4", "shut"):
        assert shop.ask(login_hint=name).status_code == 429
    assert bank(home).ask().status_code == 200


# --- other sites --------------------------------------------------------------------------------


def test_another_site_can_not_say_yes(home: Home) -> None:
    """CSRF: without the page's own token, with another browser's, and from another origin."""
    shop, ana = bank(home), signed_in(home)
    started = shop.begin()
    form = {**form_of(waiting(ana)[0]), "decision": "allow"}
    bare = {name: value for name, value in form.items() if name != "csrf"}
    foreign = fields(home.client().get("/sign-in"))["csrf"]
    for forged in (bare, {**bare, "csrf": foreign}):
        assert ana.post("/requests", data=forged).status_code == 403
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ana.post("/requests", data=form, headers=header).status_code == 403
    assert error_of(shop.poll(started)) == "authorization_pending"


def test_opening_an_address_answers_nothing(home: Home) -> None:
    """A mail scanner, or an image on another site."""
    shop, ana = bank(home), signed_in(home)
    started = shop.begin()
    form = form_of(waiting(ana)[0])
    assert ana.get("/requests", query_string={**form, "decision": "allow"}).status_code == 200
    assert error_of(shop.poll(started)) == "authorization_pending"


# --- an application that means harm -----------------------------------------------------------


def test_what_an_application_writes_is_shown_as_text(home: Home) -> None:
    """Its name and its message, on the page and in both parts of the mail."""
    evil = bank(home, client_name="<b>Your bank</b>")
    evil.begin(binding_message='<a href="https://evil.example">x</a>')
    home.deliver()
    (path,) = (home.folder / "mail").glob("*.eml")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = message.get_body(("html",))
    assert part is not None
    for shown in (signed_in(home).get("/requests").text, part.get_content()):
        assert "<b>Your bank" not in shown
        assert '<a href="https://evil' not in shown
        assert "&lt;b&gt;Your bank" in shown


def test_a_hint_of_another_application_names_nobody(home: Home) -> None:
    """An ID token that was issued to somebody else, and an access token of one's own."""
    home.create("ben")
    rp = relying_party(home)
    foreign = rp.sign_in()
    shop, ana = bank(home), signed_in(home)
    started = shop.begin()
    answer(ana)
    own = shop.poll(started).get_json()
    for hint in (foreign["id_token"], own["access_token"], own["id_token"] + "x"):
        refused = shop.ask(login_hint=None, id_token_hint=hint)
        assert error_of(refused) == "invalid_request"
    assert waiting(ana) == []


def test_a_hint_of_ones_own_making_joins_no_two_names(home: Home) -> None:
    """The attack: two pairwise applications put together what they know of a person. One can make
    ID tokens itself (HS256), so it asks for the person by the name that the other one has."""
    shop, ana = bank(home, subject_type="pairwise"), signed_in(home)
    started = shop.begin()
    answer(ana)
    theirs = claims_of(shop.poll(started).get_json()["id_token"])["sub"]
    forger = bank(home, subject_type="pairwise", id_token_signed_response_alg="HS256")
    started = forger.begin()
    answer(ana)
    genuine = claims_of(forger.poll(started).get_json()["id_token"])
    for subject, status in ((theirs, 400), (_id_of(home, "ana"), 400), (genuine["sub"], 200)):
        forged = jwt.encode({**genuine, "sub": subject}, forger.secret, algorithm="HS256")
        asked = forger.ask(login_hint=None, id_token_hint=forged)
        assert asked.status_code == status, asked.text


def test_a_private_address_is_never_rung_up(home: Home) -> None:
    """SSRF: the job is given up at once, and told to the operator."""
    shop = ringing_bank(home, "https://10.0.0.1/ping")
    shop.begin(client_notification_token=NOTIFICATION_TOKEN)
    answer(signed_in(home))
    home.deliver()
    (dead,) = home.house.desk.list_dead()
    assert (dead.kind, dead.attempts) == ("ciba_ping", 1)


def test_consent_that_is_given_again_revives_no_older_yes(home: Home) -> None:
    """A yes that nobody redeemed yet, taken back, and a new yes."""
    shop, ana = bank(home), signed_in(home)
    old = shop.begin()
    answer(ana)
    connections = home.house.rooms.provider.connections
    connections.withdraw(Actor.operator(), _id_of(home, "ana"), shop.client_id)
    new = shop.begin()
    answer(ana)
    assert error_of(shop.poll(old)) == "invalid_grant"
    assert shop.poll(new).status_code == 200


def test_a_yes_is_for_one_request_alone(home: Home) -> None:
    """Each is asked about anew: consent is remembered, and answers nothing."""
    shop, ana = bank(home), signed_in(home)
    first = shop.begin()
    answer(ana)
    assert shop.poll(first).status_code == 200
    assert error_of(shop.poll(shop.begin())) == "authorization_pending"


def _id_of(home: Home, name: str) -> str:
    return str(home.house.rooms.accounts.get_by_name(name).id)
