"""Each way to a session against each gate: none is in one way in and forgotten in another.

A new way in is a row of `WAYS`: a function that prepares somebody for it while everything is open,
and answers with the walk to its end, which is taken when the gate is shut. What a way may pass, and
why, stands in `OPEN_TO`. A new gate is a row of `GATES`: the settings under which the walk is
taken, and what is done to the account before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from portero.core.accounts import store as account_store
from portero.core.accounts.store import accounts
from portero.core.audit import Actor
from portero.core.sessions.store import sessions
from portero.kit.secrets import Secret
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import mailed_code
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.passkeys import enrol as enrolled_passkey
from tests.support.push import approve, begun_push, enrolled_push, poll
from tests.support.push_service import serving
from tests.support.relying_party import fields, relying_party
from tests.support.software_authenticator import SoftwareAuthenticator

MAILBOX = "ana@example.org"
OPEN = {**AT_A_DOMAIN, "PORTERO_MAIL_SIGN_IN": "on"}
Walk = Callable[[Home], None]
Way = Callable[[Home], Walk]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is which rule is asked, not how it is stored."""
    return sqlite_url


# --- the ways in --------------------------------------------------------------------------------


def password_page(home: Home) -> Walk:
    def walk(home: Home) -> None:
        browser = home.client()
        form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
        browser.post("/sign-in", data=form)

    return walk


def password_api(home: Home) -> Walk:
    return lambda home: _login(home, PASSWORD)


def an_application(home: Home) -> Walk:
    """An application sends somebody to sign in."""
    client_id = relying_party(home).client_id

    def walk(home: Home) -> None:
        rp = relying_party(home)
        page = rp.browser.get(rp.begin(client_id=client_id).location)
        form = {**fields(page), "username": "ana", "password": PASSWORD}
        rp.browser.post("/sign-in", data=form)

    return walk


def passkey_api(home: Home) -> Walk:
    device = enrolled_passkey(home)

    def walk(home: Home) -> None:
        asked = home.post("/login/passkey/options").json
        _prove_passkey(home, asked["auth_session"], asked["public_key"], device)

    return walk


def mailed_code_api(home: Home) -> Walk:
    def walk(home: Home) -> None:
        before = len(home.mails())
        asked = home.post("/login/mail", username=MAILBOX).json
        home.deliver()
        if len(home.mails()) > before and re.search(r"\b\d{6}\b", home.mails()[-1]):
            code = mailed_code(home)
            home.post("/login/mail/continue", mail_session=asked["mail_session"], code=code)

    return walk


def recovery(home: Home) -> Walk:
    """A link that was mailed while all was open, then the new password."""
    home.post("/password/forgot", username="ana")
    token = home.mailed_token("/reset-password")

    def walk(home: Home) -> None:
        body = {"token": token, "new_password": OTHER_PASSWORD}
        home.client().post("/password/reset", json=body)
        _login(home, OTHER_PASSWORD)

    return walk


def a_step_that_was_owed(home: Home) -> Walk:
    """A sign-in that had the right password, and owed its factor, when the gate was shut."""
    app = enrolled_app(home)
    owed = _login(home, PASSWORD)

    def walk(home: Home) -> None:
        code = app.code(steps_later=1)  # the present one was used to enrol it
        body = {"auth_session": owed["auth_session"], "factor": "totp", "code": code}
        home.post("/login/continue", **body)

    return walk


def approved_elsewhere(home: Home) -> Walk:
    """The same, where the factor is a question that a device was sent."""
    with serving() as service:
        device = enrolled_push(home, service)
        owed = begun_push(home)

    def walk(home: Home) -> None:
        approve(home, device.newest.secret, owed["shown"]["number"])
        poll(home, owed)

    return walk


def _login(home: Home, password: str) -> dict[str, str]:
    return dict(home.post("/login", username="ana", password=password).json)


def _prove_passkey(
    home: Home, secret: str, options: dict[str, object], device: SoftwareAuthenticator
) -> None:
    body = {"auth_session": secret, "credential": device.get(options)}
    home.post("/login/passkey", **body)


WAYS = (password_page, password_api, an_application, passkey_api, mailed_code_api, recovery,
        a_step_that_was_owed, approved_elsewhere)  # fmt: skip


# --- the gates ----------------------------------------------------------------------------------


def nothing(home: Home) -> None: ...


def disabled(home: Home) -> None:
    home.house.rooms.account_admin.disable(Actor.operator(), _ana(home))


def deleted(home: Home) -> None:
    account_id = _ana(home)
    home.house.db.write(lambda tx: account_store.delete(tx, account_id))


def unproven(home: Home) -> None:
    """As if the address had never been proven."""
    lost = accounts.update().values(email_verified=False, verified_email_key=None)
    home.house.db.write(lambda tx: tx.execute(lost))


def has_an_app(home: Home) -> None:
    if not home.house.rooms.authenticators.list_of(_ana(home)):
        enrolled_app(home)


def has_to_change_the_password(home: Home) -> None:
    admin = home.house.rooms.account_admin
    admin.set_password(Actor.operator(), _ana(home), Secret(PASSWORD), must_change=True)


def _ana(home: Home) -> str:
    return home.house.rooms.accounts.get_by_name("ana").id


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    shut: Callable[[Home], None]
    settings: dict[str, str] = field(default_factory=dict)


GATES = (
    Gate("active", disabled),
    Gate("there", deleted),
    Gate("verified", unproven, {"PORTERO_REQUIRE_VERIFIED_EMAIL": "on"}),
    Gate("second factor", has_an_app),
    Gate("second factor required", nothing, {"PORTERO_SECOND_FACTOR": "required"}),
    Gate("password policy", has_to_change_the_password),
)
# A passkey is two factors, and the owed step is the proof of the second one.
OPEN_TO = {
    ("second factor", passkey_api),
    ("second factor", a_step_that_was_owed),
    ("second factor", approved_elsewhere),
    ("second factor required", passkey_api),
    ("second factor required", a_step_that_was_owed),
    ("second factor required", approved_elsewhere),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_leads_in_where_no_gate_is_shut(make_home: MakeHome, way: Way) -> None:
    """Else the table below would show nothing."""
    home = make_home(**OPEN)
    home.create("ana", MAILBOX)
    assert _minted(home, home, way(home)) == 1


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_passes_a_gate(make_home: MakeHome, way: Way, gate: Gate) -> None:
    """There is no session more at its end than at its beginning."""
    home = make_home(**OPEN)
    home.create("ana", MAILBOX)
    walk = way(home)
    gate.shut(home)
    expected = 1 if (gate.name, way) in OPEN_TO else 0
    assert _minted(home, make_home(**OPEN, **gate.settings), walk) == expected


def _minted(home: Home, strict: Home, walk: Walk) -> int:
    """How many sessions the walk made."""

    def live() -> set[str]:
        query = sessions.select().where(sessions.c.ended_at.is_(None))
        return home.house.db.read(lambda tx: {row.id for row in tx.execute(query)})

    before = live()
    walk(strict)
    return len(live() - before)
