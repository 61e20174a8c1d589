"""Each way from a session to an application's tokens against each gate.

What was asked at the sign-in (a proven address, a second factor, what guesses lock) is no gate for
the session that came of it; what ends a session, and what the application itself needs, is one. An
operator who sets a password ends every session.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portero.core.provider.store import grants
from tests.attack.gates import onward, ways
from tests.attack.gates.onward import ONWARD
from tests.attack.gates.shut import GATES, Gate
from tests.attack.gates.ways import Walk, Way
from tests.http.test_certificate_sign_in import SETTINGS as CERTIFICATES
from tests.support.codes import MAILBOX
from tests.support.house import Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN
from tests.support.relying_party import RelyingParty, query_of, relying_party

BROWSER_WAYS = (
    ways.type_password_at,
    ways.follow_mailed_link,
    ways.show_certificate,
    ways.use_trusted_browser,
)
SHUT = {"active", "there", "second factor for these clients", "password policy"}
# Its end is the proof of the second factor; and who is lifted owes what they would at a sign-in.
OTHERWISE = {
    ("second factor for these clients", onward.step_up): 1,
    ("verified", onward.step_up): 0,
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is which rule is asked, not how it is stored."""
    return sqlite_url


@pytest.mark.parametrize("way", ONWARD, ids=lambda way: way.__name__)
def test_each_way_ends_in_tokens_where_no_gate_is_shut(make_home: MakeHome, way: Way) -> None:
    """Else the table below would show nothing."""
    home = make_home(**AT_A_DOMAIN)
    home.create("ana", MAILBOX)
    assert _granted(home, home, way(home)) == 1


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize("way", ONWARD, ids=lambda way: way.__name__)
def test_no_way_passes_a_gate_of_its_session_or_its_application(
    make_home: MakeHome, way: Way, gate: Gate
) -> None:
    """There is no grant more at its end than at its beginning."""
    home = make_home(**AT_A_DOMAIN)
    home.create("ana", MAILBOX)
    walk = way(home)
    gate.shut(home)
    expected = OTHERWISE.get((gate.name, way), 0 if gate.name in SHUT else 1)
    assert _granted(home, make_home(**AT_A_DOMAIN, **gate.settings), walk) == expected


def _granted(home: Home, strict: Home, walk: Walk) -> int:
    """How many grants to applications the walk made."""

    def made() -> set[str]:
        query = grants.select().where(grants.c.client_id != "portero")
        return home.house.db.read(lambda tx: {row.id for row in tx.execute(query)})

    before = made()
    walk(strict)
    return len(made() - before)


@pytest.mark.parametrize("way", BROWSER_WAYS, ids=lambda way: str(way.__name__))
def test_no_way_in_leads_an_application_past_the_consent(
    make_home: MakeHome, way: Callable[[Home, FlaskClient], object]
) -> None:
    """Whoever has just come in, however, is asked before anything of theirs is told."""
    behind_a_proxy = CERTIFICATES if way is ways.show_certificate else {}
    home = make_home(**AT_A_DOMAIN, **behind_a_proxy, PORTERO_MAIL_SIGN_IN="on")
    home.create("ana", MAILBOX)
    made, browser = relying_party(home), home.client()
    way(home, browser)
    assert browser.get("/account").status_code == 200
    rp = RelyingParty(home, made.client_id, made.secret, browser)
    answer = rp.begin()
    assert answer.location.startswith("/consent")
    assert 'action="/consent"' in browser.get(answer.location).text
    assert query_of(rp.begin(prompt="none"))["error"] == "consent_required"
