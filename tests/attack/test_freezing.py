""" "It was not me" shuts a thief out, and is nobody's weapon."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import Authenticator, FactorKind
from portero.core.authenticators import store as authenticator_store
from portero.core.devices import store as device_store
from portero.core.links import LinkSpent
from portero.core.sessions import SessionEnded
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import NUMBER, texted_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.racing import THREADS, at_once
from tests.support.relying_party import fields, relying_party

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MAILBOX = "ana@example.org"
PAGE = "/it-was-not-me"


@pytest.fixture
def ana(home: Home) -> Account:
    made: Account = home.create("ana", MAILBOX)
    home.clock.let_pass(days=30)
    return made


def by_page(home: Home, password: str = PASSWORD) -> FlaskClient:
    """Ana's name and that password in a new browser; a mail tells of it."""
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": password}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def press(home: Home, token: str) -> TestResponse:
    """In a browser that nobody has signed in to."""
    browser = home.client()
    csrf = fields(browser.get("/sign-in"))["csrf"]  # a link that is dead shows no form
    return browser.post(PAGE, data={"csrf": csrf, "token": token})


def chosen(home: Home) -> TestResponse:
    """A new password by the mail that comes then, and a sign-in with it."""
    reset = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), reset, OTHER_PASSWORD)
    return home.post("/login", username="ana", password=OTHER_PASSWORD)


def recorded(home: Home) -> list[str]:
    entries = home.house.audit.list_entries(kind="account.frozen")
    return [str(each.details["about"]) for each in entries]


def test_everybody_is_out_and_the_password_is_gone(home: Home, ana: Account) -> None:
    """Browsers, tokens, applications that outlive a session, and what the thief knows."""
    tokens = relying_party(home).sign_in(scope="openid offline_access")
    access = home.log_in()["access_token"]
    thief = by_page(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200

    assert thief.get("/account").status_code == 303
    assert home.get("/me", access).status_code == 401
    refreshed = home.client().post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    )
    assert refreshed.status_code in {400, 401}
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 401
    assert recorded(home) == ["new_device"]
    home.deliver()
    assert sum("Subject: Your account is frozen" in mail for mail in home.mails()) == 1
    assert chosen(home).status_code == 200


def test_a_mail_scanner_freezes_nothing(home: Home, ana: Account) -> None:
    """It opens every link, with GET or HEAD, and follows what a page offers; the button is a form
    that has to be sent with the token of its page."""
    by_page(home)
    token = home.mailed_token(PAGE)
    for ask in (home.client().get, home.client().head, home.client().get):
        assert ask(PAGE, query_string={"token": token}).status_code == 200
    assert home.client().post(PAGE, data={"token": token}).status_code == 403
    assert recorded(home) == []
    home.log_in()
    page = home.client().get(PAGE, query_string={"token": token})
    assert "“<bdi>ana</bdi>”" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "strict-origin"


def test_a_link_is_spent_once_however_many_press_at_once(home: Home, ana: Account) -> None:
    """And with it the links of all earlier mails: they are about what is over."""
    by_page(home)
    earlier = home.mailed_token(PAGE)
    by_page(home)
    token = home.mailed_token(PAGE)
    assert token != earlier

    def use(number: int) -> bool:
        try:
            home.house.rooms.freezing.use(Actor.anonymous(Origin()), token)
        except LinkSpent:
            return False
        return True

    assert sorted(at_once(use)) == [*[False] * (THREADS - 1), True]
    assert press(home, token).status_code == 422
    assert press(home, earlier).status_code == 422
    assert recorded(home) == ["new_device"]


def test_a_link_of_another_purpose_freezes_nothing(home: Home, ana: Account) -> None:
    """CVE-2026-52809: and this one opens no other page."""
    home.post("/password/forgot", username="ana")
    assert press(home, home.mailed_token("/reset-password")).status_code == 422
    by_page(home)
    token = home.mailed_token(PAGE)
    reset = home.post("/password/reset", token=token, new_password=OTHER_PASSWORD)
    assert reset.status_code == 422
    assert recorded(home) == []


def test_a_link_is_good_for_a_week(home: Home, ana: Account) -> None:
    by_page(home)
    token = home.mailed_token(PAGE)
    home.clock.let_pass(days=7)
    assert press(home, token).status_code == 422
    assert recorded(home) == []


def test_a_mailbox_that_was_left_freezes_nothing(home: Home, ana: Account) -> None:
    """The attack: an owner moved away from a mailbox that others read. It has what taking back
    allows, and not what its older mails would."""
    by_page(home)
    old = home.mailed_token(PAGE)
    email = home.house.rooms.email
    email.claim(Actor.system(), ana, "ana@example.net")
    asked = home.mailed_token(PAGE)
    email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    email.verify(Actor.system(), home.mailed_token("/verify-email"))
    for token in (old, asked):
        assert home.client().get(PAGE, query_string={"token": token}).status_code == 422
        assert press(home, token).status_code == 422
    assert recorded(home) == []
    home.log_in()


def test_the_owners_way_back_outlives_a_freeze(home: Home, ana: Account) -> None:
    """The other attack: a thief who moved the address freezes the account by a mail of his own, so
    that the former mailbox could not take it back."""
    email = home.house.rooms.email
    email.claim(Actor.system(), ana, "thief@example.org")
    email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    email.verify(Actor.system(), home.mailed_token("/verify-email"))
    by_page(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    undo = home.mailed_token("/take-back-email")
    home.house.rooms.taking_back.use(Actor.system(), undo)
    assert home.house.rooms.accounts.get(ana.id).email == MAILBOX


def test_what_a_thief_enrolled_is_gone_with_him(home: Home, ana: Account) -> None:
    """Else his own app, or passkey, would open the account again. Where there was nothing before,
    the mailbox has to wait as after any loss of a second factor."""
    by_page(home)
    token = home.mailed_token(PAGE)
    enrolled_app(home)
    assert press(home, token).status_code == 200
    assert home.house.rooms.authenticators.list_of(ana.id) == ()
    refused = chosen(home)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")  # type: ignore[index]
    home.clock.let_pass(hours=72)
    assert home.post("/login", username="ana", password=OTHER_PASSWORD).status_code == 200


def test_what_the_owner_had_is_still_asked_for(home: Home, ana: Account) -> None:
    """The attack: somebody who reads the mailbox freezes the account to get around its app. Its own
    mail is past freezing by then: within that week they could press that one, and would wait."""
    app = enrolled_app(home)
    home.clock.let_pass(days=7)
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    page = browser.post("/sign-in", data=form)
    browser.post("/sign-in", data={**fields(page), "code": app.next_code()})
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    kinds = [each.kind for each in home.house.rooms.authenticators.list_of(ana.id)]
    assert kinds == [FactorKind.TOTP]
    owes = chosen(home)
    assert (owes.status_code, owes.json["owed"]) == (403, "second_factor")  # type: ignore[index]


def test_an_owner_whose_mailbox_is_read_comes_back_first(home: Home, ana: Account) -> None:
    """The attack: somebody who reads the mailbox puts aside an app that was set up within the week,
    by the mail of it. They wait; she does not, in a browser that was known for longer."""
    hers = by_page(home)
    home.clock.let_pass(days=8)
    enrolled_app(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    theirs = chosen(home)
    assert (theirs.status_code, theirs.json["code"]) == (403, "mailbox_alone")  # type: ignore[index]
    form = {**fields(hers.get("/sign-in")), "username": "ana", "password": OTHER_PASSWORD}
    assert hers.post("/sign-in", data=form).status_code == 303


def test_new_browsers_are_strangers_again_and_old_ones_are_not_trusted(
    home: Home, ana: Account
) -> None:
    """A thief's is new. An owner whose mailbox somebody else reads has an old one, and need not
    wait in it: `waits.py`."""
    by_page(home)
    home.clock.let_pass(days=8)
    by_page(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    left = home.house.db.read(lambda tx: device_store.list_of(tx, ana.id, limit=9))
    assert [each.trusted_until for each in left] == [None]
    assert left[0].created_at < home.clock.now().replace(microsecond=0)


def test_what_was_begun_is_dropped(home: Home, ana: Account) -> None:
    """A move of the address, a half-done sign-in, a deletion, an open link to a new password."""
    home.post("/password/forgot", username="ana")
    reset = home.mailed_token("/reset-password")
    rooms = home.house.rooms
    rooms.email.claim(Actor.system(), ana, "thief@example.org")
    move = home.mailed_token("/allow-new-email")
    rooms.account_admin.leave(Actor.system(), ana.id)
    owes = home.post("/login", username="ana", password=PASSWORD).json
    assert owes is not None
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    for spent in (
        lambda: rooms.recovery.look(reset),
        lambda: rooms.email.allow_move(Actor.system(), move),
    ):
        raises_spent(spent)
    late = home.post("/login/continue", auth_session=owes["auth_session"], keep=True)
    assert late.status_code == 401
    assert rooms.accounts.get(ana.id).deletion_due_at is None
    assert recorded(home) == ["deletion_asked"]
    assert chosen(home).status_code == 200


def raises_spent(verb: Callable[[], object]) -> None:
    with pytest.raises(LinkSpent):
        verb()


def test_a_thief_cant_use_up_the_mails_of_the_way_back(home: Home, ana: Account) -> None:
    """He asks for as many links as may be sent in half an hour; freezing ends them, and the owner's
    comes all the same."""
    for _ in range(4):
        home.post("/password/forgot", username="ana")
    by_page(home)
    before = home.mailed_token("/reset-password")
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    assert home.mailed_token("/reset-password") != before
    assert chosen(home).status_code == 200


def test_no_neighbour_keeps_the_owner_from_it(make_home: MakeHome) -> None:
    """The attack: a thief on the owner's network uses up what its address has."""
    home = make_home(PORTERO_LIMITS="recovery_by_address=1/3600,login_by_address=2/900")
    home.create("ana", MAILBOX)
    home.clock.let_pass(days=30)
    by_page(home)
    token = home.mailed_token(PAGE)
    asked = [home.post("/password/forgot", username="nobody").status_code for _ in range(2)]
    assert asked[-1] == 429
    for _ in range(5):
        assert press(home, "a guess").status_code == 422
    assert press(home, token).status_code == 200


def test_an_operator_freezes_too(home: Home, ana: Account) -> None:
    """What is enrolled stays: removing it is another command."""
    enrolled_app(home)
    ended = home.house.rooms.freezing.by_operator(Actor.operator(), ana.id)
    assert ended == 1
    assert len(home.house.rooms.authenticators.list_of(ana.id)) == 1
    assert recorded(home) == ["operator"]
    assert home.post("/login", username="ana", password=PASSWORD).status_code == 401


def test_the_newest_mail_undoes_what_the_older_ones_told(home: Home, ana: Account) -> None:
    """The attack: a thief enrols an app, and then has one more mail written. Its owner presses the
    button of the mail on top, which is younger than the app."""
    by_page(home)
    first = home.mailed_token(PAGE)
    home.clock.let_pass(minutes=1)
    enrolled_app(home)
    home.clock.let_pass(minutes=1)
    home.house.rooms.recovery_codes.make(Actor.system(), ana.id)
    newest = home.mailed_token(PAGE)
    assert newest != first
    assert press(home, newest).status_code == 200
    assert home.house.rooms.authenticators.list_of(ana.id) == ()
    refused = chosen(home)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")  # type: ignore[index]


def test_what_is_left_of_a_kind_that_is_off_opens_nothing(make_home: MakeHome) -> None:
    """The attack: who reads the mailbox puts an app aside, and what is left is of a kind that is
    not asked for any more: it would be no second factor, and nobody would wait."""
    home = make_home(PORTERO_SECOND_FACTORS="totp,recovery_code")
    ana = home.create("ana", MAILBOX)
    phone = Authenticator("0" * 36, ana.id, FactorKind.SMS, "", home.clock.now())
    home.house.db.write(lambda tx: authenticator_store.add(tx, phone))
    home.clock.let_pass(days=30)
    enrolled_app(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    refused = chosen(home)
    assert (refused.status_code, refused.json["code"]) == (403, "mailbox_alone")  # type: ignore[index]


@pytest.mark.parametrize("way", ["frozen", "reset"])
def test_a_move_that_still_waits_in_the_outbox_is_dropped_too(
    home: Home, ana: Account, way: str
) -> None:
    """The attack: a thief who reads the mailbox for a moment allows the move to his own; the owner
    shuts him out before the worker has written to that address."""
    rooms = home.house.rooms
    by_page(home)
    token = home.mailed_token(PAGE)
    home.post("/password/forgot", username="ana")
    reset = home.mailed_token("/reset-password")
    rooms.email.claim(Actor.system(), ana, "thief@example.org")
    move = home.mailed_token("/allow-new-email")
    home.deliver()
    rooms.email.allow_move(Actor.system(), move)
    rooms.email.claim(Actor.system(), ana, "thief@example.net")
    before = len(home.mails())
    if way == "frozen":
        assert press(home, token).status_code == 200
    else:
        rooms.recovery.use(Actor.system(), reset, OTHER_PASSWORD)
    home.deliver()
    written = "".join(home.mails()[before:])
    assert "thief@example" not in written
    assert rooms.accounts.get(ana.id).email == MAILBOX


@pytest.mark.parametrize("asked", ["remove", "rename", "codes"])
def test_a_request_that_was_let_in_just_before_changes_nothing_just_after(
    home: Home, ana: Account, asked: str
) -> None:
    """The attack: a thief's request has passed every check when the account is frozen, and commits
    after it."""
    enrolled_app(home)
    rooms = home.house.rooms
    (session,) = rooms.sessions.list_live(ana.id)
    (had,) = rooms.authenticators.list_of(ana.id)
    rooms.freezing.by_operator(Actor.operator(), ana.id)
    thief = Actor.account(ana.id, session_id=session.id, origin=Origin())
    verbs: dict[str, Callable[[], object]] = {
        "remove": lambda: rooms.authenticators.remove(thief, ana.id, had.id),
        "rename": lambda: rooms.authenticators.rename(thief, ana.id, had.id, "hers"),
        "codes": lambda: rooms.recovery_codes.make(thief, ana.id),
    }
    with pytest.raises(SessionEnded):
        verbs[asked]()
    assert rooms.authenticators.list_of(ana.id) == (had,)


def test_a_number_that_a_thief_proved_is_nobodys(home: Home, ana: Account) -> None:
    """Applications would be told that it is the owner's; the mail of it is not the one on top."""
    rooms = home.house.rooms
    assert rooms.phone is not None
    rooms.phone.ask(Actor.system(), ana, "a-session", NUMBER)
    rooms.phone.prove(Actor.system(), ana.id, "a-session", texted_code(home))
    by_page(home)
    assert rooms.accounts.get(ana.id).phone_verified
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    assert not rooms.accounts.get(ana.id).phone_verified


def test_a_number_that_was_there_before_stays_proven(home: Home, ana: Account) -> None:
    rooms = home.house.rooms
    assert rooms.phone is not None
    rooms.phone.ask(Actor.system(), ana, "a-session", NUMBER)
    rooms.phone.prove(Actor.system(), ana.id, "a-session", texted_code(home))
    home.clock.let_pass(days=7)
    by_page(home)
    assert press(home, home.mailed_token(PAGE)).status_code == 200
    assert rooms.accounts.get(ana.id).phone_verified
