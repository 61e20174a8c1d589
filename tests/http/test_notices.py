"""What a person is told of, where, and with which way to say "it was not me" (ASVS 5.0 6.3.7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.factors.password.model import FAILURES_TOLD, MOST_FAILURES
from portero.core.factors.password.store import passwords
from portero.core.notices.model import NOT_ME, NoticeTemplate
from portero.kit.secrets import Secret
from tests.support.authenticator_app import enrolled_app
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home
from tests.support.relying_party import fields

FREEZE, TAKE_BACK, NOTHING = "/it-was-not-me", "/take-back-email", ""
Happening = Callable[[Home, Account], object]


@dataclass(frozen=True)
class Row:
    """What happens, the mail's subject, the link that it has, and whether its mailbox is the one
    that the account has left."""

    happens: Happening
    subject: str
    link: str = FREEZE
    to_former: bool = False


def new_device(home: Home, one: Account) -> None:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": one.username, "password": PASSWORD}
    browser.post("/sign-in", data=form)


def app_removed(home: Home, one: Account) -> None:
    enrolled_app(home, one.username)
    authenticators = home.house.rooms.authenticators
    authenticators.remove(Actor.system(), one.id, authenticators.list_of(one.id)[0].id)


def password_changed(home: Home, one: Account) -> None:
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    access = home.log_in(one.username)["access_token"]
    assert home.post("/password/change", access, **body).status_code == 200


def set_by_operator(home: Home, one: Account, *, must_change: bool = False) -> None:
    admin = home.house.rooms.account_admin
    admin.set_password(Actor.operator(), one.id, Secret(PASSWORD), must_change=must_change)


def changed_while_signing_in(home: Home, one: Account) -> None:
    set_by_operator(home, one, must_change=True)
    owes = home.post("/login", username=one.username, password=PASSWORD).json
    assert owes is not None
    step = {"auth_session": owes["auth_session"], "new_password": OTHER_PASSWORD}
    assert home.post("/login/continue", **step).status_code == 200


def password_reset(home: Home, one: Account) -> None:
    home.post("/password/forgot", username=one.username)
    token = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), token, OTHER_PASSWORD)


def codes_made(home: Home, one: Account) -> tuple[str, ...]:
    enrolled_app(home, one.username)
    return home.house.rooms.recovery_codes.make(Actor.system(), one.id)


def code_used(home: Home, one: Account) -> None:
    code = codes_made(home, one)[0]
    owes = home.post("/login", username=one.username, password=PASSWORD).json
    assert owes is not None
    step = {"auth_session": owes["auth_session"], "factor": "recovery_code", "code": code}
    assert home.post("/login/continue", **step).status_code == 200


def move_asked(home: Home, one: Account) -> None:
    home.house.rooms.email.claim(Actor.system(), one, f"{one.username}@example.net")


def moved(home: Home, one: Account) -> None:
    move_asked(home, one)
    email = home.house.rooms.email
    email.allow_move(Actor.system(), home.mailed_token("/allow-new-email"))
    email.verify(Actor.system(), home.mailed_token("/verify-email"))


def phone_changed(home: Home, one: Account) -> None:
    accounts = home.house.rooms.accounts
    accounts.change_profile(Actor.system(), one.id, {"phone": "+4915123456712"}, by_owner=True)


def guessed(times: int) -> Happening:
    """All but the last are written down without a hash."""

    def happens(home: Home, one: Account) -> None:
        counted = passwords.update().where(passwords.c.account_id == one.id)
        home.house.db.write(lambda tx: tx.execute(counted.values(failures=times - 1)))
        home.post("/login", username=one.username, password="wrong")

    return happens


def sign_in_left(home: Home, one: Account) -> None:
    enrolled_app(home, one.username)
    home.post("/login", username=one.username, password=PASSWORD)
    home.deliver()
    home.clock.let_pass(minutes=11)


def leave(home: Home, one: Account) -> None:
    home.house.rooms.account_admin.leave(Actor.system(), one.id)


def kept(home: Home, one: Account) -> None:
    leave(home, one)
    owes = home.post("/login", username=one.username, password=PASSWORD).json
    assert owes is not None
    home.post("/login/continue", auth_session=owes["auth_session"], keep=True)


def frozen(home: Home, one: Account) -> None:
    home.house.rooms.freezing.by_operator(Actor.operator(), one.id)


CHANGED = "Your password was changed"
TABLE = (
    Row(new_device, "A sign-in on a new device"),
    Row(lambda home, one: enrolled_app(home, one.username), "A way to sign in was added"),
    Row(app_removed, "A way to sign in was removed"),
    Row(password_changed, CHANGED),
    Row(set_by_operator, CHANGED),
    Row(changed_while_signing_in, CHANGED),
    Row(password_reset, "Your password was reset"),
    Row(codes_made, "New recovery codes were made"),
    Row(code_used, "A recovery code was used"),
    Row(move_asked, "May your account leave this mailbox?"),
    Row(moved, "Your mail address was changed", TAKE_BACK, to_former=True),
    Row(phone_changed, "Your phone number was changed"),
    Row(guessed(FAILURES_TOLD), "Many wrong passwords were tried"),
    Row(guessed(MOST_FAILURES), "Somebody is guessing at your password"),
    Row(sign_in_left, "Somebody may know your password"),
    Row(leave, "Your account will be deleted"),
    Row(kept, "Your account stays"),
    Row(frozen, "Your account is frozen", NOTHING),
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_event_is_told_with_its_link(home: Home) -> None:
    """To the mailbox that the account has, or to the one that it left."""
    for number, row in enumerate(TABLE):
        name = f"ana{number}"
        one = home.create(name, f"{name}@example.org")
        home.clock.let_pass(days=2)
        row.happens(home, one)
        home.deliver()
        mails = [mail for mail in home.mails() if f"Subject: {row.subject}\n" in mail]
        told = [mail for mail in mails if mail.startswith(f"To: {name}@example.org\n")]
        assert told, (row.subject, mails)
        links = re.findall(r"(/it-was-not-me|/take-back-email)\?token=[\w-]{43}(?![\w-])", told[-1])
        assert links == ([row.link] if row.link else []), row.subject
        has_left = home.house.rooms.accounts.get(one.id).email != f"{name}@example.org"
        assert has_left == row.to_former, row.subject
        for read in (home.folder / "mail").glob("*.eml"):
            read.unlink()


def test_the_other_mails_have_none() -> None:
    """A mail that somebody asked for is no news; who lost the address, or the account, has nothing
    to freeze; a device that takes no messages is nobody's doing."""
    without = {each for each in NoticeTemplate if NOT_ME not in each.required}
    assert without == {
        NoticeTemplate.VERIFY_EMAIL,
        NoticeTemplate.EMAIL_IN_USE,
        NoticeTemplate.EMAIL_CHANGED,
        NoticeTemplate.EMAIL_TAKEN_BACK,
        NoticeTemplate.RESET_PASSWORD,
        NoticeTemplate.ACCOUNT_DELETED,
        NoticeTemplate.ACCOUNT_FROZEN,
        NoticeTemplate.INVITATION,
        NoticeTemplate.SIGN_IN_BY_MAIL,
        NoticeTemplate.ONE_TIME_CODE,
        NoticeTemplate.PUSH_UNREACHABLE,
        NoticeTemplate.SIGN_IN_ASKED,
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_many_failures_one_mail_a_day(home: Home) -> None:
    """Who guesses fills no mailbox: a right password between two rows of wrong ones makes no second
    mail, and another day does."""
    one = home.create("ana", "ana@example.org")
    row = guessed(FAILURES_TOLD)

    def mails() -> int:
        home.deliver()
        return sum("Subject: Many wrong passwords" in mail for mail in home.mails())

    guessed(FAILURES_TOLD - 1)(home, one)
    assert mails() == 0
    row(home, one)
    row(home, one)
    assert mails() == 1
    home.clock.let_pass(hours=48)
    row(home, one)
    assert mails() == 2
