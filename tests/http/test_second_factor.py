"""A login with a password by somebody who has enrolled an authenticator app."""

from __future__ import annotations

from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.login.errors import OwesMore
from portero.core.login.model import Wanted
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.racing import at_once, statuses

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.register()
    return home


def owing(home: Home) -> dict[str, Any]:
    """What a login with the right password still owes."""
    answer = home.post("/login", username="ana", password=PASSWORD)
    assert answer.status_code == 403, answer.text
    return dict(answer.json)


def prove(home: Home, owed: dict[str, Any], code: str, **more: Any) -> Any:
    body = {"auth_session": owed["auth_session"], "factor": "totp", "code": code, **more}
    return home.post("/login/continue", **body)


def test_the_password_alone_is_not_enough(home: Home) -> None:
    """What is owed is told, with the ways to answer it; the code ends in tokens of the level."""
    app = enrolled_app(home)
    owed = owing(home)
    assert (owed["owed"], owed["factors"], owed["begun"]) == ("second_factor", ["totp"], None)
    answer = prove(home, owed, app.next_code())
    assert answer.status_code == 200, answer.text
    session = home.get("/me/sessions", answer.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "otp", "mfa"])


def test_a_wrong_code_leaves_the_sign_in_where_it_was(home: Home) -> None:
    """It is refused, noted, and may be tried again with the same auth_session."""
    app = enrolled_app(home)
    owed = owing(home)
    wrong = prove(home, owed, "000000")
    assert (wrong.status_code, wrong.json["type"]) == (422, "urn:portero:problem:wrong_factor")
    assert prove(home, owed, app.next_code()).status_code == 200
    failed = home.house.audit.list_entries(kind="login.failed")
    assert [entry.factor for entry in failed] == ["totp"]


def test_a_code_opens_once(home: Home) -> None:
    """Whoever saw it over a shoulder, and has the password, is too late.

    CVE-2026-104105, CVE-2026-103655: FileRise and MISP took one twice.
    """
    app = enrolled_app(home)
    code = app.next_code()
    assert prove(home, owing(home), code).status_code == 200
    assert prove(home, owing(home), code).status_code == 422
    assert prove(home, owing(home), app.next_code()).status_code == 200


@pytest.mark.each_case_on_each_database
def test_of_parallel_proofs_by_one_code_one_succeeds(home: Home) -> None:
    """Ten sign-ins of somebody who phished one code."""
    app = enrolled_app(home)
    waiting = [owing(home) for _ in range(20)]
    code = app.next_code()
    answers = statuses(at_once(lambda nth: prove(home, waiting[nth], code)))
    assert answers[200] == 1
    assert set(answers) <= {200, 422, 429}


def test_guesses_run_out(home: Home) -> None:
    """Ten in a quarter of an hour, whatever the sign-in; then the right one is refused too.

    CVE-2025-64102: Zitadel locked nobody out for wrong codes of an app.
    """
    app = enrolled_app(home)
    owed = owing(home)
    for _ in range(10):
        assert prove(home, owed, "000000").status_code == 422
    limited = prove(home, owed, app.next_code())
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0


def test_another_accounts_code_proves_nothing(home: Home) -> None:
    """Each secret is looked for among the account's own."""
    enrolled_app(home)
    home.register("eve")
    eves = enrolled_app(home, "eve")
    assert prove(home, owing(home), eves.next_code()).status_code == 422


@pytest.mark.parametrize("factor", ["", "sms", "recovery_code", "nonsense", "password"])
def test_only_what_is_enrolled_is_offered(home: Home, factor: str) -> None:
    """No factor of which nothing is known, and no password twice."""
    enrolled_app(home)
    owed = owing(home)
    answer = prove(home, owed, "000000", factor=factor)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["name"] == "factor"


def test_a_removed_app_is_not_asked_for(home: Home) -> None:
    """And its code opens no sign-in that was under way."""
    enrolled_app(home)
    owed = owing(home)
    rooms = home.house.rooms
    account_id = rooms.accounts.get_by_name("ana").id
    (one,) = rooms.authenticators.list_of(account_id)
    rooms.authenticators.remove(Actor.operator(), account_id, one.id)
    assert home.post("/login/continue", auth_session=owed["auth_session"]).status_code == 200
    assert home.log_in()["access_token"]


def test_a_level_that_nothing_enrolled_reaches_is_enrolled_first(home: Home) -> None:
    """An application wants more than a password of somebody who has no more."""
    with pytest.raises(OwesMore) as refusal:
        home.house.rooms.sign_in.with_password(
            Actor.anonymous(Origin()), "ana", PASSWORD, wanted=Wanted(acr="aal2")
        )
    secret = refusal.value.still.auth_session.reveal()
    begun = home.post("/login/continue", auth_session=secret, factor="totp", begin=True).json
    assert begun["owed"] == "enrol_factor"
    app = App(home, begun["shown"]["secret"])
    assert prove(home, begun, "000000").status_code == 422
    assert prove(home, begun, app.code(), name="Phone").status_code == 200
    assert owing(home)["owed"] == "second_factor"


def test_a_password_alone_enrols_nothing_beside_what_is_enrolled(home: Home) -> None:
    """The attack: have the password, ask for a level that only a new passkey reaches, and enrol
    one of one's own. What is enrolled is asked for first."""
    enrolled_app(home)
    with pytest.raises(OwesMore) as refusal:
        home.house.rooms.sign_in.with_password(
            Actor.anonymous(Origin()), "ana", PASSWORD, wanted=Wanted(acr="phr")
        )
    still = refusal.value.still
    assert (still.owed, still.factors) == ("second_factor", ("totp",))


def test_everybody_needs_one_where_the_operator_says_so(make_home: MakeHome) -> None:
    """Who has none enrols one; there is no session before."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.register()
    owed = owing(home)
    assert owed["owed"] == "enrol_factor"
    same = home.post("/login/continue", auth_session=owed["auth_session"])
    assert same.json["owed"] == "enrol_factor"


def test_where_it_is_off_nobody_is_asked(make_home: MakeHome, home: Home) -> None:
    """Whatever is enrolled."""
    enrolled_app(home)
    assert make_home(PORTERO_SECOND_FACTOR="off").log_in()["access_token"]


def test_an_operator_takes_a_kind_away(make_home: MakeHome, home: Home) -> None:
    """Of a kind that is not allowed any more, nothing is asked or offered."""
    enrolled_app(home)
    without = make_home(PORTERO_SECOND_FACTORS="passkey")
    assert without.log_in()["access_token"]
