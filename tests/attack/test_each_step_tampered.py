"""Each step of each way in, with each field left out, empty, twice, as a list, or odd: nobody gets
a session, a stronger one, an account or a password by it, and never an error of ours.

A new page of the sign-in is a row of `STEPS`: it leads there, and answers with the form as a
browser would send it, in which nothing is proven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from portero.core.accounts.store import accounts
from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.authenticators.store import authenticators
from portero.core.factors.password.store import passwords
from portero.core.sessions.store import sessions
from tests.attack.gates.shut import has_an_app
from tests.attack.gates.ways import type_password
from tests.http.test_certificate_sign_in import SETTINGS as CERTIFICATES
from tests.http.test_push_pages import form_of
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import MAILBOX, confirm_phone, enrolled_code
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.mail_sign_in import asked
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.push import ANSWER, another, begun_push, enrolled_push
from tests.support.push_service import PushService
from tests.support.relying_party import fields, relying_party

Form = tuple[FlaskClient, str, dict[str, str]]
HOW: Final = ("left out", "empty", "twice", "as a list", "odd")
UNLIMITED: Final = ",".join(
    f"{name}=100000/900"
    for name in (
        "login_by_account",
        "login_by_address",
        "second_factor_by_account",
        "mail_sign_in_by_address",
        "sign_in_mail_by_account",
        "mail_code_by_address",
        "mail_code_by_account",
        "register_by_address",
        "recovery_by_address",
        "recovery_mail_by_account",
        "codes_by_account",
        "codes_by_recipient",
        "codes_by_address",
        "texts_by_address",
        "push_by_account",
    )
)


def password(home: Home) -> Form:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": "a wrong one"}
    return browser, "/sign-in", form


def identifier(home: Home) -> Form:
    browser = home.client()
    return browser, "/sign-in", {**fields(browser.get("/sign-in")), "username": "ana",
                                 "name_first": "1"}  # fmt: skip


def passkey(home: Home) -> Form:
    browser = home.client()
    credential = '{"id": "AA", "type": "public-key", "rawId": "AA", "response": {}}'
    return browser, "/sign-in", {**fields(browser.get("/sign-in")), "credential": credential}


def certificate(home: Home) -> Form:
    """Without the proxy that shows one."""
    browser = home.client()
    return browser, "/sign-in", {**fields(browser.get("/sign-in")), "certificate": "1"}


def mailed_code(home: Home) -> Form:
    browser, page = asked(home)
    return browser, "/sign-in/mail", {**fields(page), "code": "000000"}


def mailed_link(home: Home) -> Form:
    browser, page = asked(home)
    csrf = fields(page)["csrf"]
    return browser, "/sign-in/mail/link", {"csrf": csrf, "token": "A" * 43}


def second_factor(home: Home) -> Form:
    has_an_app(home)
    browser = home.client()
    return browser, "/sign-in", {**fields(type_password(browser)), "code": "000000"}


def recovery_code(home: Home) -> Form:
    has_an_app(home)
    browser = home.client()
    page = fields(type_password(browser))
    return browser, "/sign-in", {**page, "factor": "recovery_code", "code": "AAAA-AAAA"}


def text_message(home: Home) -> Form:
    if not has_enrolled(home):
        confirm_phone(home)
        enrolled_code(home, FactorKind.SMS)
    browser = home.client()
    return browser, "/sign-in", {**fields(type_password(browser)), "code": "000000"}


def waiting_page(home: Home, service: PushService) -> Form:
    """The one that waits for the device, which has not answered."""
    if not has_enrolled(home):
        enrolled_push(home, service)
    browser = home.client()
    page = type_password(browser)
    return browser, "/sign-in", form_of(page, "data-push-waits")


def answering_page(home: Home, service: PushService) -> Form:
    """The device's, with a wrong number."""
    if not has_enrolled(home):
        enrolled_push(home, service)
    (device,) = service.browsers.values()
    number = begun_push(home)["shown"]["number"]
    browser = home.client()
    page = fields(browser.get(ANSWER))
    typed = {"secret": device.newest.secret, "decision": "approve", "number": another(number)}
    return browser, ANSWER, {**page, **typed}


def enrolment(home: Home) -> Form:
    """An app is begun; its code is wrong."""
    browser = home.client()
    page = browser.get(strict_application(home, browser))
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    owed = browser.post("/sign-in", data=form)
    begun = browser.post("/sign-in", data={**fields(owed), "begin": "totp"})
    return browser, "/sign-in", {**fields(begun), "code": "000000", "name": "Phone"}


def putting_off(home: Home) -> Form:
    """Where there is no grace."""
    browser = home.client()
    page = browser.get(strict_application(home, browser))
    form = {**fields(page), "username": "ana", "password": PASSWORD}
    owed = browser.post("/sign-in", data=form)
    return browser, "/sign-in", {**fields(owed), "not_now": "1"}


def step_up(home: Home) -> Form:
    """A session of the password, at an application that needs two factors."""
    browser, rooms = home.client(), home.house.rooms
    rooms.authenticators.remove_all(Actor.operator(), account_id(home))
    type_password(browser)
    enrolled_app(home)
    page = browser.get(strict_application(home, browser))
    return browser, "/sign-in", {**fields(page), "code": "000000"}


def reset(home: Home) -> Form:
    """A good link, and a password that is too short."""
    home.post("/password/forgot", username="ana")
    token, browser = home.mailed_token("/reset-password"), home.client()
    page = fields(browser.get(f"/reset-password?token={token}"))
    return browser, "/reset-password", {**page, "token": token, "new_password": "short"}


def sign_up(home: Home) -> Form:
    """With a password that is too short."""
    browser = home.client()
    page = fields(browser.get("/sign-up"))
    return browser, "/sign-up", {**page, "username": "ben", "email": "", "password": "short"}


def accounts_chooser(home: Home) -> Form:
    """Somebody else's session, which is live in another browser."""
    other, browser = home.client(), home.client()
    type_password(other)
    account = home.house.rooms.accounts.get_by_name("ana")
    (session,) = home.house.rooms.sessions.list_live(account.id)[:1]
    page = fields(browser.get("/sign-in"))
    return browser, "/accounts", {"csrf": page["csrf"], "session": session.id, "request": ""}


def account_id(home: Home) -> str:
    return str(home.house.rooms.accounts.get_by_name("ana").id)


def has_enrolled(home: Home) -> bool:
    return bool(home.house.rooms.authenticators.list_of(account_id(home)))


def strict_application(home: Home, browser: FlaskClient) -> str:
    rp = relying_party(home, require_second_factor=True)
    rp.browser = browser
    return str(rp.begin().location)


STEPS: Final[tuple[Callable[[Home], Form], ...]] = (
    password,
    identifier,
    passkey,
    certificate,
    mailed_code,
    mailed_link,
    second_factor,
    recovery_code,
    text_message,
    enrolment,
    putting_off,
    step_up,
    reset,
    sign_up,
    accounts_chooser,
)
# Those after a first proof.
LATER: Final = (second_factor, recovery_code, text_message, enrolment, putting_off, step_up)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is how a step is read."""
    return sqlite_url


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step.__name__))
def test_no_field_of_a_step_is_a_way_in(
    make_home: MakeHome, step: Callable[[Home], Form], how: str
) -> None:
    """CVE-2026-49448: an empty post skipped a stage of authentik."""
    more = CERTIFICATES if step is certificate else {}
    if step is identifier:
        more = {"PORTERO_SIGN_IN_STEPS": "2"}
    home = make_home(**AT_A_DOMAIN, **more, PORTERO_MAIL_SIGN_IN="on", PORTERO_LIMITS=UNLIMITED)
    home.create("ana", MAILBOX)
    assert bool(step(home)[2].get("auth_session")) is (step in LATER), "another page than it says"
    check_no_way_in(home, lambda: step(home), how)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("step", [waiting_page, answering_page], ids=["waits", "answers"])
def test_no_field_of_a_page_of_another_device_is_a_way_in(
    make_home: MakeHome,
    push_service: PushService,
    step: Callable[[Home, PushService], Form],
    how: str,
) -> None:
    """Both ends of a request that nobody has approved."""
    home = make_home(PORTERO_LIMITS=UNLIMITED)
    home.create("ana", MAILBOX)
    check_no_way_in(home, lambda: step(home, push_service), how)


def check_no_way_in(home: Home, begun: Callable[[], Form], how: str) -> None:
    browser, path, form = begun()
    assert form["csrf"]
    for name in form:
        before = state(home)
        answer = browser.post(
            path,
            data=urlencode(tampered(form, name, how)),
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code < 500, (name, answer.text)
        assert state(home) == before, name
        if answer.status_code != 429:
            browser, path, form = begun()


def tampered(form: dict[str, str], name: str, how: str) -> list[tuple[str, str]]:
    pairs = [pair for pair in form.items() if pair[0] != name]
    return (
        pairs
        + {
            "left out": [],
            "empty": [(name, "")],
            "twice": [(name, form[name]), (name, "x")],
            "as a list": [(f"{name}[]", form[name])],
            "odd": [(name, "\x00\ud7ff" + "x" * 4000)],
        }[how]
    )


def state(home: Home) -> Any:
    """Who is signed in, how strongly and since when; who there is, and what they can prove."""
    tables = (sessions, accounts, passwords, authenticators)
    columns = {
        sessions: ("id", "account_id", "auth_time", "acr", "ended_at"),
        accounts: ("id", "username"),
        passwords: ("account_id", "encoded"),
        authenticators: ("id", "kind"),
    }

    def look(tx: Any) -> list[Any]:
        return [
            sorted(
                tuple(str(getattr(row, column)) for column in columns[table])
                for row in tx.execute(table.select())
            )
            for table in tables
        ]

    return home.house.db.read(look)
