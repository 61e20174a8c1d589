"""Advisories on one-time codes and magic links, each by its name. (CVE-2026-3590, a link used
twice, and CVE-2022-35924, a list of addresses, are in `test_mail_sign_in.py`.)"""

from __future__ import annotations

from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind
from portero.core.login.errors import OwesMore
from portero.core.login.model import Wanted
from tests.support.codes import MAILBOX, another, confirm_phone, enrolled_code, mailed_code
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.mail_sign_in import ASK, asked, mailed_link
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    confirm_phone(home)
    return home


def begun(home: Home, kind: FactorKind, name: str = "ana") -> Any:
    owed = home.post("/login", username=name, password=PASSWORD).json
    return home.post(
        "/login/continue", auth_session=owed["auth_session"], factor=kind.value, begin=True
    )


def prove(home: Home, auth_session: str, kind: FactorKind, code: str) -> int:
    body = {"auth_session": auth_session, "factor": kind.value, "code": code}
    return home.post("/login/continue", **body).status_code


def test_cve_2024_32868_guesses_in_new_sign_ins_are_one_account_s(home: Home) -> None:
    """Zitadel counted none of them: a hundred wrong codes, a new sign-in for every five, lock the
    account's codes; the right one is refused then too."""
    enrolled_code(home, FactorKind.EMAIL)
    answers = []
    for _ in range(20):
        answer = begun(home, FactorKind.EMAIL)
        if answer.status_code == 429:
            answers.append(429)
            continue
        code = mailed_code(home)
        guesses = [another(code)] * 5
        answers += [prove(home, answer.json["auth_session"], FactorKind.EMAIL, g) for g in guesses]
    assert answers.count(422) == 10
    assert set(answers) == {422, 429}


def test_cve_2024_7318_a_code_lives_as_long_as_is_said_and_no_longer(home: Home) -> None:
    """Keycloak took codes for twice their time."""
    enrolled_code(home, FactorKind.EMAIL)
    first = begun(home, FactorKind.EMAIL).json["auth_session"]
    in_time = mailed_code(home)
    second = begun(home, FactorKind.EMAIL).json["auth_session"]
    late = mailed_code(home)
    home.clock.let_pass(seconds=285)
    assert prove(home, first, FactorKind.EMAIL, in_time) == 200
    home.clock.let_pass(seconds=30)
    assert prove(home, second, FactorKind.EMAIL, late) == 422


def test_cve_2024_45042_a_code_by_mail_is_no_level(home: Home) -> None:
    """Kratos took code and code for two factors: an application that wants aal2 of somebody who
    has the mailbox alone gets no session before a stronger factor is enrolled."""
    enrolled_code(home, FactorKind.EMAIL)
    with pytest.raises(OwesMore) as refusal:
        home.house.rooms.sign_in.with_password(
            Actor.anonymous(Origin()), "ana", PASSWORD, wanted=Wanted(acr="aal2")
        )
    secret = refusal.value.still.auth_session.reveal()
    sent = home.post("/login/continue", auth_session=secret, factor="email", begin=True)
    owed = home.post(
        "/login/continue",
        auth_session=sent.json["auth_session"],
        factor="email",
        code=mailed_code(home),
    )
    assert (owed.status_code, owed.json["owed"]) == (403, "enrol_factor")
    assert "email" not in owed.json["factors"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Forwarded-Proto": "http://evil.example/"},
    ],
)
def test_cve_2025_64101_a_mailed_link_leads_to_us(home: Home, headers: dict[str, str]) -> None:
    """Zitadel built links of what a request said of itself."""
    browser = home.client()
    form = {**fields(browser.get(ASK)), "username": MAILBOX}
    browser.post(ASK, data=form, headers=headers)
    assert mailed_link(home).startswith("/sign-in/mail/link?token=")
    assert "evil" not in "\n".join(home.mails())


def test_cve_2024_45231_a_mail_server_that_is_down_tells_nothing(
    make_home: MakeHome, home: Home
) -> None:
    """Django's reset failed for those who had an account."""
    down = make_home(PORTERO_MAIL_SIGN_IN="on", PORTERO_SMTP_HOST="127.0.0.1",
                     PORTERO_SMTP_PORT="9", PORTERO_SMTP_TLS="off")  # fmt: skip
    answers = [down.post("/login/mail", username=name) for name in ("ana", "nobody")]
    down.deliver()
    again = [down.post("/login/mail", username=name) for name in ("ana", "nobody")]
    assert [each.status_code for each in (*answers, *again)] == [202] * 4
    assert len({frozenset(each.json) for each in (*answers, *again)}) == 1


def test_cve_2025_24806_name_and_address_are_one_counter(home: Home) -> None:
    """Authelia counted each spelling by itself: five mails an hour, whatever is typed."""
    for name in ("ana", "ANA", MAILBOX, MAILBOX.upper(), "ana", "Ana", MAILBOX):
        asked(home, name)
    home.deliver()
    assert len(home.mails()) == 5
