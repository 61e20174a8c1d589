"""Each way to a session against each gate: none is in one way in and forgotten in another.

A new way in is a row of `gates/ways.py`, a new gate one of `gates/shut.py`. What a way may pass,
and why, stands in `OPEN_TO`. What comes of a session that is there already: `gates/onward.py`.
"""

from __future__ import annotations

import pytest

from portero.core.sessions.store import sessions
from tests.attack.gates import ways
from tests.attack.gates.shut import GATES, Gate
from tests.attack.gates.ways import WAYS, Walk, Way
from tests.http.test_certificate_sign_in import SETTINGS as CERTIFICATES
from tests.support.codes import MAILBOX
from tests.support.house import Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN

OPEN = {**AT_A_DOMAIN, "PORTERO_MAIL_SIGN_IN": "on"}

# What each may pass, and why.
_PROVES_TWO = (ways.passkey_api, ways.a_step_that_was_owed, ways.approved_elsewhere)
_IS_NEW = (ways.sign_up, ways.invitation)  # nothing of the gate is true of an account that was not
_NO_PASSWORD = (ways.passkey_api, ways.mailed_code_api, ways.mailed_link, ways.certificate)
OPEN_TO = {
    "active": _IS_NEW,
    "there": _IS_NEW,
    # What guesses lock is the password: a stranger's guesses keep no owner out by another way, nor
    # where a browser is known. A password that was chosen by a mailed link is tried anew, and who
    # is signed in has a budget apart.
    "limited": (
        *_NO_PASSWORD,
        *_PROVES_TWO,
        *_IS_NEW,
        ways.recovery,
        ways.trusted_browser,
        ways.step_up_api,
    ),
    "verified": (ways.invitation,),  # the link came by that mailbox
    "second factor": (*_PROVES_TWO, *_IS_NEW, ways.trusted_browser),
    "second factor required": (*_PROVES_TWO, ways.trusted_browser),
    # The console's own pages, and a way in that is for no application, are for none of them.
    "second factor for these clients": (
        *_PROVES_TWO,
        ways.password_page,
        ways.mailed_link,
        ways.certificate,
        ways.trusted_browser,
        ways.kept_signed_in,
    ),
    "password policy": _IS_NEW,
    # Judged when the first proof is right: not a sign-in that was begun before, nor what lifts a
    # live session, nor a browser that the account knows.
    "risk": (
        ways.a_step_that_was_owed,
        ways.approved_elsewhere,
        ways.trusted_browser,
        ways.step_up_api,
    ),
    # Of those who have nothing beside the first proof the owner is told, by the rules of this gate.
    "doubt": (
        *_PROVES_TWO,
        ways.mailed_code_api,
        ways.mailed_link,
        ways.recovery,
        ways.trusted_browser,
        ways.step_up_api,
        ways.sign_up,
    ),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is which rule is asked, not how it is stored."""
    return sqlite_url


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_leads_in_where_no_gate_is_shut(make_home: MakeHome, way: Way) -> None:
    """Else the table below would show nothing."""
    home = make_home(**settings_of(way))
    home.create("ana", MAILBOX)
    assert _minted(home, home, way(home)) == 1


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_way_passes_a_gate(make_home: MakeHome, way: Way, gate: Gate) -> None:
    """There is no session more at its end than at its beginning. (CVE-2023-32682.)"""
    home = make_home(**settings_of(way))
    home.create("ana", MAILBOX)
    walk = way(home)
    gate.shut(home)
    expected = 1 if way in OPEN_TO[gate.name] else 0
    assert _minted(home, make_home(**settings_of(way), **gate.settings), walk) == expected


def _minted(home: Home, strict: Home, walk: Walk) -> int:
    """How many sessions the walk made."""

    def live() -> set[str]:
        query = sessions.select().where(sessions.c.ended_at.is_(None))
        return home.house.db.read(lambda tx: {row.id for row in tx.execute(query)})

    before = live()
    walk(strict)
    return len(live() - before)


def settings_of(way: Way) -> dict[str, str]:
    return {**OPEN, **CERTIFICATES} if way is ways.certificate else OPEN
