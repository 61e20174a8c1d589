"""Approval on another device, in the JSON API: against a push service that reads what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import Given
from portero.core.factors.push.errors import (
    AlreadyEnrolled,
    SubscriptionRefused,
    TooManyDevices,
)
from portero.core.factors.push.rules import MOST_DEVICES
from portero.core.factors.push.store import push_requests, push_subscriptions
from portero.core.limits import OverLimit
from portero.core.login.errors import NotApproved, NotApprovedYet
from portero.core.login.model import Step
from portero.migrations import runner
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.push import (
    PUSH,
    another,
    approve,
    begin,
    begun_push,
    deny,
    enrolled_devices,
    enrolled_push,
    offer,
    poll,
    question,
    text_of,
)
from tests.support.push_service import Browser, PushService
from tests.support.racing import at_once, statuses

MAILBOX = "ana@example.org"
NOBODY = Actor.anonymous(Origin(address="127.0.0.1"))


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", MAILBOX)
    return home


def kinds(home: Home) -> list[str]:
    entries = home.house.audit.list_entries(limit=50)
    return [each.kind for each in entries if each.kind.startswith("push.")]


def session_of(home: Home, username: str = "ana") -> Any:
    return home.house.rooms.sign_in.with_password(NOBODY, username, PASSWORD).session


# --- the way ------------------------------------------------------------------------------------


def test_an_approval_with_the_number_ends_the_sign_in(
    home: Home, push_service: PushService
) -> None:
    """What the browser is told, what the device gets, and what the session has then."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    assert (owed["owed"], owed["begun"]) == ("second_factor", "push")
    assert set(owed["shown"]) == {"number", "expires_at"}
    asked = poll(home, owed)
    assert asked.status_code == 403
    assert asked.json["auth_session"] == owed["auth_session"]
    assert asked.json["shown"] == owed["shown"]
    assert approve(home, browser.newest.secret, owed["shown"]["number"]).status_code == 200
    done = poll(home, owed)
    assert done.status_code == 200, done.text
    session = home.get("/me/sessions", done.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "mca", "mfa"])
    assert push_service.complaints == []
    (listed,) = home.get("/me/authenticators", done.json["access_token"]).json["authenticators"]
    assert listed["kind"] == "push"
    assert listed["last_used_at"] is not None


def test_what_goes_to_the_service(home: Home, push_service: PushService) -> None:
    """RFC 8030 §5.2, §5.3, §5.4; and nothing that says who, where or how much, for a locked
    screen: what is asked stands on the page."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    arrived = browser.newest
    assert int(arrived.headers["ttl"]) in range(110, 121)
    assert (arrived.headers["urgency"], arrived.headers["topic"]) == ("high", "portero")
    assert set(arrived.content) == {"title", "body", "secret"}
    for told in ("ana", owed["shown"]["number"], "127.0.0.1"):
        assert told not in arrived.content["title"] + arrived.content["body"]
    assert arrived.vapid["sub"].startswith("mailto:")


def test_no_two_messages_have_a_key_or_salt_in_common(
    home: Home, push_service: PushService
) -> None:
    """RFC 8291 §3.1: else the second tells what the first one is."""
    browser = enrolled_push(home, push_service)
    begun_push(home)
    first, second = browser.arrived
    assert first.raw[:16] != second.raw[:16]
    assert first.raw[21:86] != second.raw[21:86]


def test_the_message_speaks_the_language_of_its_reader(
    home: Home, push_service: PushService
) -> None:
    """The account's."""
    home.create("eva", "eva@example.org")
    token = home.log_in("eva")["access_token"]
    home.client().patch("/me", json={"locale": "de"}, headers={"Authorization": f"Bearer {token}"})
    browser = enrolled_push(home, push_service, "eva")
    begun_push(home, "eva")
    assert browser.newest.content["body"] == "Etwas wartet auf Ihre Antwort."


def test_the_device_is_shown_what_it_is_asked(home: Home, push_service: PushService) -> None:
    """Who, what for, with which browser and from where; opening it spends nothing."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    for _ in range(2):
        page = question(home, browser.newest.secret)
        assert page.status_code == 200
        for told in ("ana", "Portero", "127.0.0.1", "This wasn’t me"):
            assert told in text_of(page)
        assert owed["shown"]["number"] not in text_of(page)
    assert approve(home, browser.newest.secret, owed["shown"]["number"]).status_code == 200


def test_each_device_is_asked_and_one_answers(home: Home, push_service: PushService) -> None:
    """With secrets of their own: it is known which one it was."""
    one, other = enrolled_devices(home, push_service, 2)
    owed = begun_push(home)
    assert one.newest.secret != other.newest.secret
    assert approve(home, other.newest.secret, owed["shown"]["number"]).status_code == 200
    assert approve(home, one.newest.secret, owed["shown"]["number"]).status_code == 404
    assert poll(home, owed).status_code == 200
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    first, second = home.house.rooms.authenticators.list_of(account_id)
    assert (first.last_used_at is None, second.last_used_at is None) == (True, False)


def test_a_sign_in_does_not_wait_for_the_service(home: Home, push_service: PushService) -> None:
    """The message is a job of the outbox: the answer comes before it is sent."""
    browser = enrolled_push(home, push_service)
    before, arrived = push_service.asked, len(browser.arrived)
    owed = home.post("/login", username="ana", password=PASSWORD).json
    assert begin(home, owed["auth_session"]).status_code == 403
    assert push_service.asked == before
    home.deliver()
    assert len(browser.arrived) == arrived + 1


# --- enrolling ----------------------------------------------------------------------------------


def test_nothing_counts_before_the_first_message_came_back(
    home: Home, push_service: PushService
) -> None:
    """Else a mistyped or dead subscription would lock its owner out."""
    rooms, session = home.house.rooms, session_of(home)
    browser = push_service.browser(rooms.enrolment.begin(NOBODY, session, PUSH)["public_key"])
    offer(home, session, browser)
    with pytest.raises(NotApprovedYet):
        rooms.enrolment.finish(NOBODY, session, PUSH, Given(), name="")
    assert rooms.authenticators.list_of(session.account_id) == ()
    assert deny(home, browser.newest.secret).status_code == 200
    with pytest.raises(NotApproved):
        rooms.enrolment.finish(NOBODY, session, PUSH, Given(), name="")
    assert rooms.authenticators.list_of(session.account_id) == ()


def test_an_enrolment_belongs_to_its_session(home: Home, push_service: PushService) -> None:
    """What was approved for one session is nothing to another one of the same account."""
    rooms, session, other = home.house.rooms, session_of(home), session_of(home)
    browser = push_service.browser()
    offer(home, session, browser)
    approve(home, browser.newest.secret)
    with pytest.raises(NotApproved):
        rooms.enrolment.finish(NOBODY, other, PUSH, Given(), name="")
    rooms.enrolment.finish(NOBODY, session, PUSH, Given(), name="")


def test_a_browser_is_enrolled_once(home: Home, push_service: PushService) -> None:
    """A second time it would only ask twice."""
    browser = enrolled_push(home, push_service)
    session = proven_session(home, browser)
    with pytest.raises(AlreadyEnrolled):
        offer(home, session, browser)


def test_there_are_ten_devices_at_most(make_home: MakeHome, push_service: PushService) -> None:
    """One question is one message to each of them."""
    home = make_home(PORTERO_LIMITS="push_by_account=50/900")
    home.create("ana", MAILBOX)
    browsers = enrolled_devices(home, push_service, MOST_DEVICES)
    session = proven_session(home, browsers[0])
    with pytest.raises(TooManyDevices):
        offer(home, session, push_service.browser())


def proven_session(home: Home, browser: Browser) -> Any:
    """Of Ana, who has approved it there."""
    owed = begun_push(home)
    approve(home, browser.newest.secret, owed["shown"]["number"])
    steps = home.house.rooms.sign_in_steps
    return steps.go_on(NOBODY, owed["auth_session"], Step(factor="push", poll=True)).session


@pytest.mark.parametrize(
    "turned",
    [
        {"endpoint": "https://push.attacker.example/x"},
        {"endpoint": "https://fcm.googleapis.com.attacker.example/x"},
        {"endpoint": "https://fcm.googleapis.com@attacker.example/x"},
        {"endpoint": "https://fcm.googleapis.com:8443/x"},
        {"endpoint": "http://fcm.googleapis.com/x"},
        {"endpoint": "https://169.254.169.254/latest/meta-data"},
        {"endpoint": "https://10.0.0.1/x"},
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": "https://[/x"},
        {"endpoint": "https://fcm.googleapis.com/x y"},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 3000},
        {"endpoint": None},
        {"endpoint": ["https://fcm.googleapis.com/x"]},
        {"keys": None},
        {"keys": {}},
        {"keys": {"p256dh": "A" * 87, "auth": "A" * 22}},
        {"keys": {"p256dh": 7, "auth": []}},
    ],
)
def test_only_known_push_services_are_called(
    home: Home, push_service: PushService, turned: dict[str, Any]
) -> None:
    """The attack (SSRF): a page names an address inside; and what is no subscription at all."""
    session = session_of(home)
    given = Given(credential={**push_service.browser().subscription(), **turned})
    with pytest.raises(SubscriptionRefused):
        home.house.rooms.enrolment.begin(NOBODY, session, PUSH, given)
    home.deliver()
    assert push_service.asked == 0


def test_loopback_is_for_development_alone(make_home: MakeHome, push_service: PushService) -> None:
    """On a real issuer this machine's own ports are not for a page to name."""
    home = make_home(PORTERO_ISSUER="https://id.example.org", PORTERO_TRUSTED_PROXIES="10.0.0.0/8")
    home.create("ana", MAILBOX)
    given = Given(credential=push_service.browser().subscription())
    with pytest.raises(SubscriptionRefused):
        home.house.rooms.enrolment.begin(NOBODY, session_of(home), PUSH, given)


def test_native_applications_enrol_it(home: Home, push_service: PushService) -> None:
    """Over `/me/authenticators`: the key, the subscription, and the end when it was answered."""
    home.register("eva")
    token = home.log_in("eva")["access_token"]
    shown = home.post("/me/authenticators/begin", token, kind="push").json["shown"]
    browser = push_service.browser(shown["public_key"])
    asked = home.post(
        "/me/authenticators/begin", token, kind="push", credential=browser.subscription()
    )
    assert asked.status_code == 200, asked.text
    home.deliver()
    early = home.post("/me/authenticators", token, kind="push")
    assert (early.status_code, early.json["code"]) == (409, "not_approved_yet")
    approve(home, browser.newest.secret)
    made = home.post("/me/authenticators", token, kind="push", name="Phone")
    assert (made.status_code, made.json["name"]) == (201, "Phone")
    assert push_service.complaints == []


def test_who_has_to_enrol_one_gets_in_with_it(
    make_home: MakeHome, push_service: PushService
) -> None:
    """PORTERO_SECOND_FACTOR=required: key, subscription, answer, and the session."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.create("ana", MAILBOX)
    owed = home.post("/login", username="ana", password=PASSWORD).json
    assert "push" in owed["factors"]
    owed = begin(home, owed["auth_session"]).json
    browser = push_service.browser(owed["shown"]["public_key"])
    owed = home.post(
        "/login/continue",
        auth_session=owed["auth_session"],
        factor="push",
        begin=True,
        credential=browser.subscription(),
    ).json
    home.deliver()
    assert poll(home, owed).json["code"] == "sign_in_incomplete"
    approve(home, browser.newest.secret)
    assert poll(home, owed).status_code == 200
    assert len(begun_push(home)["shown"]["number"]) == 2


# --- at rest ------------------------------------------------------------------------------------


def test_nothing_at_rest_reaches_a_browser_or_answers_for_one(
    home: Home, push_service: PushService
) -> None:
    """The attack: a stolen copy of the database. No endpoint, key or secret is in it in clear, nor
    the number."""
    browser = enrolled_push(home, push_service)
    begun_push(home)
    told = browser.subscription()
    tables = ("push_keys", "push_subscriptions", "push_requests", "push_secrets", "outbox_jobs")
    dump = ""
    for table in tables:
        rows = home.house.db.read(
            lambda tx, t=table: tx.exec_driver_sql(f"SELECT * FROM {t}").all()
        )
        assert rows, table
        dump += str(rows)
    for secret in (told["endpoint"], browser.path, *told["keys"].values(), browser.newest.secret):
        assert secret not in dump


def test_everything_is_sealed_anew(make_home: MakeHome, push_service: PushService) -> None:
    """`portero keys reencrypt`: after it the former SECRET_KEY can go, and the browsers still know
    our messages."""
    home = make_home()
    home.create("ana", MAILBOX)
    enrolled_push(home, push_service)
    newer = "another-one-Zr4mQ8vL2xT7pK9wB3nH6yD1"
    older = home.house.settings.secret_key.reveal()
    off = {"PORTERO_PUSH_SERVICES": "off"}  # also while nobody may use it
    both = make_home(SECRET_KEY=newer, SECRET_KEY_FALLBACKS=older, **off)
    assert both.house.reseal_factors() == 2
    assert both.house.reseal_factors() == 0
    both.house.keys.reseal()
    alone = make_home(SECRET_KEY=newer)
    begun_push(alone)
    assert push_service.complaints == []


def test_of_processes_that_need_the_first_key_at_once_all_get_one(make_home: MakeHome) -> None:
    """Two keys would be browsers that are subscribed for one that nobody has."""
    houses = [make_home() for _ in range(4)]
    houses[0].create("ana", MAILBOX)
    session = session_of(houses[0])
    shown = at_once(
        lambda n: houses[n % 4].house.rooms.enrolment.begin(NOBODY, session, PUSH)["public_key"]
    )
    assert len(set(shown)) == 1


def test_the_schema_goes_back_and_comes_again_over_rows(
    home: Home, push_service: PushService
) -> None:
    """An operator who returns to the version before loses the subscriptions and no account; what
    was enrolled stays on the list, and stays owed."""
    enrolled_push(home, push_service)
    begun_push(home)
    db = home.house.db
    runner.migrating(db, lambda tx: command.downgrade(runner.config(tx), "0003_sign_in"))
    assert runner.upgrade(db)[-1] == runner.HEAD
    assert runner.check(db) == []
    owed = home.post("/login", username="ana", password=PASSWORD)
    assert owed.json["factors"] == ["push"]
    assert begin(home, owed.json["auth_session"]).json["code"] == "push_no_device"


# --- what services answer -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_forgotten_and_still_owed(
    home: Home, push_service: PushService, status: int
) -> None:
    """RFC 8030 §7.3. The device stays on the list: if it went, the password alone would open the
    account from then on. The owner is told."""
    browser = enrolled_push(home, push_service)
    browser.status = status
    owed = begun_push(home)
    rows = home.house.db.read(lambda tx: tx.execute(push_subscriptions.select()).all())
    assert rows == []
    assert "takes our messages no more" in home.mails()[-1]
    assert "push.unreachable" in kinds(home)
    again = home.post("/login", username="ana", password=PASSWORD)
    assert (again.status_code, again.json["owed"]) == (403, "second_factor")
    assert begin(home, again.json["auth_session"]).json["code"] == "push_no_device"
    assert owed["begun"] == "push"


@pytest.mark.parametrize(("status", "retry_after"), [(429, "3"), (500, ""), (503, "")])
def test_a_service_that_is_busy_is_asked_again_soon(
    home: Home, push_service: PushService, status: int, retry_after: str
) -> None:
    """The question lives for two minutes: the outbox's usual patience would outlive it."""
    browser = enrolled_push(home, push_service)
    browser.status, browser.retry_after = status, retry_after
    owed = begun_push(home)
    browser.status = 201
    arrived = len(browser.arrived)
    home.clock.let_pass(seconds=5)
    home.deliver()
    assert len(browser.arrived) == arrived + 1
    approve(home, browser.newest.secret, owed["shown"]["number"])
    assert poll(home, owed).status_code == 200


def test_a_message_that_comes_too_late_is_not_sent(home: Home, push_service: PushService) -> None:
    """Nor one of a question that a newer one took the place of."""
    browser = enrolled_push(home, push_service)
    owed = home.post("/login", username="ana", password=PASSWORD).json
    begin(home, owed["auth_session"])
    arrived = len(browser.arrived)
    home.clock.let_pass(minutes=2)
    home.deliver()
    assert len(browser.arrived) == arrived
    assert home.house.desk.list_dead() == []


# --- attacks ------------------------------------------------------------------------------------


def test_a_yes_is_good_once(home: Home, push_service: PushService) -> None:
    """Neither the secret nor the approval serves again."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    secret, number = browser.newest.secret, owed["shown"]["number"]
    assert approve(home, secret, number).status_code == 200
    assert approve(home, secret, number).status_code == 404
    assert poll(home, owed).status_code == 200
    assert poll(home, owed).status_code == 401
    anew = home.post("/login", username="ana", password=PASSWORD).json
    nothing = poll(home, anew)
    assert (nothing.status_code, nothing.json["code"]) == (422, "not_approved")


def test_a_wrong_number_ends_the_question(home: Home, push_service: PushService) -> None:
    """The attack: whoever has the password has the owner tap on whatever comes. One guess of
    ninety, and the sign-in is not let in by the right one after it."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    number = owed["shown"]["number"]
    wrong = approve(home, browser.newest.secret, another(number))
    assert wrong.status_code == 422
    assert approve(home, browser.newest.secret, number).status_code == 404
    refused = poll(home, owed)
    assert (refused.status_code, refused.json["code"]) == (422, "not_approved")
    assert "push.wrong_number" in kinds(home)


@pytest.mark.parametrize("typed", ["", "  ", "1", "123", "ab", "١٢", "0x", "-1", "1\x002"])
def test_what_is_no_number_approves_nothing(
    home: Home, push_service: PushService, typed: str
) -> None:
    """A plain yes is none."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    assert approve(home, browser.newest.secret, typed).status_code in {200, 422}
    assert poll(home, owed).status_code in {403, 422}


def test_this_was_not_me_ends_the_sign_in(home: Home, push_service: PushService) -> None:
    """It can't go on by another factor either; the owner is told, and the log knows."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    answer = deny(home, browser.newest.secret)
    assert answer.status_code == 200
    assert "Change the password" in text_of(answer)
    assert poll(home, owed).json["code"] == "auth_session_not_valid"
    assert begin(home, owed["auth_session"]).status_code == 401
    home.deliver()
    assert "“This wasn’t me” was chosen" in home.mails()[-1]
    assert "push.denied" in kinds(home)
    assert approve(home, browser.newest.secret, owed["shown"]["number"]).status_code == 404


def test_it_lives_for_two_minutes(home: Home, push_service: PushService) -> None:
    """Also a yes that nobody has fetched by then."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    home.clock.let_pass(seconds=119)
    assert question(home, browser.newest.secret).status_code == 200
    home.clock.let_pass(seconds=1)
    assert question(home, browser.newest.secret).status_code == 404
    assert approve(home, browser.newest.secret, owed["shown"]["number"]).status_code == 404
    assert poll(home, owed).json["code"] == "not_approved"
    anew = begin(home, owed["auth_session"]).json
    home.deliver()
    approve(home, browser.newest.secret, anew["shown"]["number"])
    home.clock.let_pass(minutes=2)
    assert poll(home, anew).json["code"] == "not_approved"


def test_an_answer_belongs_to_its_sign_in_and_account(
    home: Home, push_service: PushService
) -> None:
    """The secret of another account's device answers nothing of this one, and an approval of one
    sign-in is nothing to another that the same person began."""
    home.create("eva", "eva@example.org")
    hers, his = enrolled_push(home, push_service), enrolled_push(home, push_service, "eva")
    owed, other = begun_push(home), begun_push(home, "eva")
    approve(home, his.newest.secret, other["shown"]["number"])
    assert poll(home, owed).status_code == 403
    assert poll(home, other).status_code == 200
    second = home.post("/login", username="ana", password=PASSWORD).json
    approve(home, hers.newest.secret, owed["shown"]["number"])
    assert poll(home, second).status_code == 422
    assert poll(home, owed).status_code == 200


def test_a_newer_question_takes_the_place_of_the_one_before(
    home: Home, push_service: PushService
) -> None:
    """Whoever answers never wonders which of many it is; the secret of the first is worth
    nothing."""
    browser = enrolled_push(home, push_service)
    first = begun_push(home)
    old = browser.newest.secret
    second = begun_push(home)
    assert approve(home, old, first["shown"]["number"]).status_code == 404
    assert poll(home, first).json["code"] == "not_approved"
    approve(home, browser.newest.secret, second["shown"]["number"])
    assert poll(home, second).status_code == 200
    rows = home.house.db.read(
        lambda tx: tx.execute(sa.select(sa.func.count()).select_from(push_requests)).scalar_one()
    )
    assert rows == 0


def test_nobody_is_asked_without_end(home: Home, push_service: PushService) -> None:
    """The attack (push bombing): have the password, and ask until the owner gives in. Five in a
    quarter of an hour, counted over all sign-ins."""
    browser = enrolled_push(home, push_service)
    browser.arrived.clear()
    for _ in range(5):
        begun_push(home)
    sixth = begin(home, home.post("/login", username="ana", password=PASSWORD).json["auth_session"])
    assert (sixth.status_code, sixth.json["code"]) == (429, "too_many_requests")
    home.deliver()
    assert len(browser.arrived) == 5
    home.clock.let_pass(minutes=16)
    begun_push(home)
    assert len(browser.arrived) == 6


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_setting_up_has_tries_of_its_own(make_home: MakeHome, push_service: PushService) -> None:
    """Whoever has the password, and asks and asks, keeps no owner from setting a browser up; nor
    does setting up use what a sign-in needs."""
    one_each = "push_by_account=1/900,push_enrolments_by_account=1/900"
    home = make_home(PORTERO_LIMITS=one_each)
    home.register()
    enrolled_push(home, push_service)
    begun_push(home)
    home.register("ben")
    with pytest.raises(OverLimit) as refused:
        enrolled_devices(home, push_service, 2, "ben")
    assert refused.value.limit == "push_enrolments_by_account"


def test_questions_asked_at_once_are_all_counted(home: Home, push_service: PushService) -> None:
    """Twenty threads, each with a sign-in of its own."""
    browser = enrolled_push(home, push_service)
    secrets = [
        home.post("/login", username="ana", password=PASSWORD).json["auth_session"]
        for _ in range(20)
    ]
    answers = statuses(at_once(lambda nth: begin(home, secrets[nth])))
    assert answers == {403: 5, 429: 15}
    home.deliver()
    assert len(browser.arrived) <= 5 + 1  # that it was set up with
    rows = home.house.db.read(lambda tx: tx.execute(push_requests.select()).all())
    assert len(rows) == 1


def test_begun_again_within_a_minute_nothing_is_sent(home: Home, push_service: PushService) -> None:
    """A page that is loaded again: the same number, and no second message."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    arrived = len(browser.arrived)
    again = begin(home, owed["auth_session"]).json
    home.deliver()
    assert again["shown"] == owed["shown"]
    assert len(browser.arrived) == arrived


def test_of_parallel_answers_one_counts(home: Home, push_service: PushService) -> None:
    """Half of them say no."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    secret, number = browser.newest.secret, owed["shown"]["number"]
    answers = at_once(lambda nth: approve(home, secret, number) if nth % 2 else deny(home, secret))
    assert statuses(answers)[200] == 1
    assert set(statuses(answers)) <= {200, 404, 503}
    assert len([kind for kind in kinds(home) if kind in ("push.approved", "push.denied")]) == 2
    # (one of them of the enrolment)


def test_of_parallel_ends_by_one_yes_one_succeeds(home: Home, push_service: PushService) -> None:
    """The race of twenty."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    approve(home, browser.newest.secret, owed["shown"]["number"])
    answers = statuses(at_once(lambda nth: poll(home, owed)))
    assert answers[200] == 1
    assert set(answers) <= {200, 401, 422, 429}


def test_polling_costs_no_try_while_it_waits(home: Home, push_service: PushService) -> None:
    """And afterwards it does: the log of failures is not for filling."""
    enrolled_push(home, push_service)
    owed = begun_push(home)
    for _ in range(30):
        assert poll(home, owed).status_code == 403
    home.clock.let_pass(minutes=2)
    told = [poll(home, owed).status_code for _ in range(12)]
    assert told == [422] * 10 + [429] * 2


def test_a_device_that_was_removed_proves_nothing(home: Home, push_service: PushService) -> None:
    """Not even by what it approved a moment before; the owner's other factor opens."""
    one, other = enrolled_devices(home, push_service, 2)
    owed = begun_push(home)
    approve(home, one.newest.secret, owed["shown"]["number"])
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    first = home.house.rooms.authenticators.list_of(account_id)[0]
    home.house.rooms.authenticators.remove(NOBODY, account_id, first.id)
    assert poll(home, owed).json["code"] == "not_approved"
    anew = begin(home, owed["auth_session"]).json
    arrived = len(one.arrived)
    home.deliver()
    assert len(one.arrived) == arrived
    approve(home, other.newest.secret, anew["shown"]["number"])
    assert poll(home, anew).status_code == 200


def test_a_new_password_ends_what_waits(home: Home, push_service: PushService) -> None:
    """The question was asked by whoever had the former one."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")
    home.client().post(
        "/password/reset", json={"token": token, "new_password": "seven lanterns under ice"}
    )
    assert question(home, browser.newest.secret).status_code == 404
    assert poll(home, owed).status_code == 401
    assert len(home.house.rooms.authenticators.list_of(account_id)) == 1


def test_nothing_is_asked_where_it_is_off(make_home: MakeHome) -> None:
    """PORTERO_PUSH_SERVICES=off: neither page nor worker nor kind."""
    home = make_home(PORTERO_PUSH_SERVICES="off")
    for path in ("/push/answer", "/push/worker.js", "/account/security/push"):
        assert home.client().get(path).status_code in {303, 404}
    home.register("eva")
    token = home.log_in("eva")["access_token"]
    assert "push" not in home.get("/me/authenticators", token).json["offered"]
    assert home.post("/me/authenticators/begin", token, kind="push").status_code == 404


def test_turned_fields_of_an_answer(home: Home, push_service: PushService) -> None:
    """Left out, empty, doubled, of another kind: never a yes, and never a fault of ours."""
    browser = enrolled_push(home, push_service)
    owed = begun_push(home)
    secret, number = browser.newest.secret, owed["shown"]["number"]
    client = home.client()
    csrf = client.get("/push/answer").text.split('name="csrf" value="')[1].split('"')[0]
    turned: list[dict[str, Any]] = [
        {},
        {"secret": ""},
        {"secret": secret[:-1], "decision": "approve", "number": number},
        {"secret": secret + "A", "decision": "approve", "number": number},
        {"secret": "\x00", "decision": "approve"},
        {"secret": ["", secret], "decision": "approve", "number": number},
        {"secret": secret, "decision": ""},
        {"secret": secret, "decision": "APPROVE", "number": number},
        {"secret": secret, "decision": ["yes", "approve"], "number": number},
        {"secret": secret, "number": number},
    ]
    for form in turned:
        answer = client.post("/push/answer", data={"csrf": csrf, **form})
        assert answer.status_code in {200, 404}, form
    stranger = client.post(
        "/push/answer", data={"secret": secret, "decision": "approve", "number": number}
    )
    assert stranger.status_code == 403
    assert poll(home, owed).status_code == 403
    for body in ({"poll": "maybe"}, {"poll": None}, {"poll": []}, {"poll": True, "factor": "nope"}):
        sent = {"auth_session": owed["auth_session"], "factor": "push", **body}
        assert home.client().post("/login/continue", data=json.dumps(sent)).status_code in {
            403,
            415,
            422,
        }
