"""An unusual sign-in owes one more proof, or is refused; no way round it, and nobody locked out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portero.background import purge
from portero.core.audit import Actor, Entry, Origin
from portero.core.login import rules
from portero.core.sessions import EndReason
from tests.support.authenticator_app import enrolled_app
from tests.support.codes import MAILBOX, another, mailed_code
from tests.support.counting import counted
from tests.support.house import OTHER_PASSWORD, PASSWORD, Home, MakeHome
from tests.support.places import LISBON, SANTIAGO, write_places
from tests.support.relying_party import fields

AT_HOME, ABROAD, HIDDEN = "198.51.100.7", "203.0.113.9", "192.0.2.66"
NEW_COUNTRY_ALONE = """
[answers]
step_up = 1
[[rules]]
name = "a new country"
when = ["new_country"]
points = 1
"""
DENY_ABROAD = NEW_COUNTRY_ALONE.replace("step_up", "deny")

At = Callable[..., Home]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is what is asked, not how it is stored."""
    return sqlite_url


@pytest.fixture
def at(make_home: MakeHome, tmp_path: Path) -> At:
    """A house that knows places, and ana, who signs in from Lisbon."""

    def make(rule_file: str = "", **settings: str) -> Home:
        places = {"198.51.100.0/24": LISBON, "203.0.113.0/24": SANTIAGO}
        settings["PORTERO_GEOIP_FILE"] = str(write_places(tmp_path / "places.mmdb", places))
        if rule_file:
            (tmp_path / "rules.toml").write_text(rule_file)
            settings["PORTERO_RISK_RULES"] = str(tmp_path / "rules.toml")
        home = make_home(**settings)
        home.create("ana", MAILBOX)
        assert log_in(home, AT_HOME).status_code == 200
        return home

    return make


def post(home: Home, path: str, address: str, body: dict[str, Any], **headers: str) -> TestResponse:
    origin = {"REMOTE_ADDR": address}
    return home.client().post(path, json=body, environ_overrides=origin, headers=headers)


def log_in(home: Home, address: str, password: str = PASSWORD, **headers: str) -> TestResponse:
    return post(home, "/login", address, {"username": "ana", "password": password}, **headers)


def on_page(browser: FlaskClient, address: str, password: str = PASSWORD) -> TestResponse:
    origin = {"REMOTE_ADDR": address}
    form = fields(browser.get("/sign-in?prompt=login", environ_overrides=origin))
    body = {**form, "username": "ana", "password": password}
    return browser.post("/sign-in", data=body, environ_overrides=origin)


def go_on(home: Home, owed: TestResponse, **body: Any) -> TestResponse:
    assert owed.json is not None
    secret = {"auth_session": owed.json["auth_session"]}
    return post(home, "/login/continue", ABROAD, {**secret, **body})


def traces(home: Home, kind: str = "login.doubted") -> list[Entry]:
    return home.house.audit.list_entries(kind=kind)


def test_abroad_in_a_new_browser_the_mailbox_is_asked(at: At) -> None:
    """The thief has the password and no mailbox. The owner has both, and is at home there then."""
    home = at()
    owed = log_in(home, ABROAD)
    assert owed.status_code == 403
    assert owed.json is not None
    assert (owed.json["owed"], owed.json["factors"]) == ("second_factor", ["email"])
    sent = go_on(home, owed, factor="email", begin=True)
    wrong = go_on(home, sent, factor="email", code=another(mailed_code(home)))
    assert wrong.status_code == 422
    assert go_on(home, sent, factor="email", code=mailed_code(home)).status_code == 200
    assert log_in(home, ABROAD).status_code == 200


def test_one_more_proof_is_no_second_factor(at: At) -> None:
    """Nobody enrolled the mailbox: an application that wants two factors has not got them."""
    home = at()
    sent = go_on(home, log_in(home, ABROAD), factor="email", begin=True)
    go_on(home, sent, factor="email", code=mailed_code(home))
    account = home.house.rooms.accounts.get_by_name("ana")
    newest = home.house.rooms.sessions.list_live(account.id)[0]
    assert (newest.acr, newest.amr) == ("aal1", ("pwd", "otp"))


def test_a_sign_in_without_its_proof_makes_no_place_usual(at: At) -> None:
    home = at()
    for _ in range(3):
        assert log_in(home, ABROAD).status_code == 403


def test_the_trace_says_why(at: At) -> None:
    home = at()
    log_in(home, ABROAD)
    (entry,) = traces(home)
    assert (entry.address, entry.factor) == (ABROAD, "password")
    assert entry.details["signals"] == ["impossible_travel", "new_country", "new_device"]
    assert entry.details["rules"] == [
        "a new browser in a new country",
        "a new browser, too far away to have travelled",
    ]
    assert (entry.details["score"], entry.details["answer"]) == (100, "step_up")
    assert entry.details["second"] == "possible"
    values = entry.details["values"]
    assert isinstance(values, dict)
    assert (values["country"], values["countries_before"]) == ("CL", ["PT"])
    (usual,) = traces(home, "login.judged")
    assert (usual.details["answer"], usual.details["score"]) == ("allow", 0)


def test_a_wrong_password_is_judged_by_nothing(at: At) -> None:
    """Else a stranger learns from the answer where somebody lives, or that there is an account."""
    home = at()
    there = log_in(home, ABROAD, OTHER_PASSWORD)
    body = {"username": "nobody", "password": OTHER_PASSWORD}
    nobody = post(home, "/login", ABROAD, body)
    assert there.status_code == nobody.status_code == 401
    assert not traces(home)


def test_a_header_moves_nobody(at: At) -> None:
    """From a peer that is no proxy of ours."""
    home = at()
    spoofed = {"X-Forwarded-For": AT_HOME, "X-Real-IP": AT_HOME, "Forwarded": f"for={AT_HOME}"}
    assert log_in(home, ABROAD, **spoofed).status_code == 403


def test_a_browser_that_is_known_travels(at: At) -> None:
    """Its owner is asked for nothing; without its cookie it is a new one."""
    home = at()
    browser = home.client()
    assert on_page(browser, AT_HOME).status_code == 303
    assert on_page(browser, ABROAD).status_code == 303
    browser.delete_cookie("portero_device", domain="127.0.0.1")
    home.clock.let_pass(days=1)
    owner_abroad = log_in(home, ABROAD)
    assert owner_abroad.status_code == 200  # it is usual there by now


def test_a_deleted_cookie_is_a_new_browser(at: At) -> None:
    home = at()
    browser = home.client()
    assert on_page(browser, AT_HOME).status_code == 303
    for name in ("portero_device", "portero"):
        browser.delete_cookie(name, domain="127.0.0.1")
    owed = on_page(browser, ABROAD)
    assert traces(home)[0].details["answer"] == "step_up"
    sent = browser.post("/sign-in", data={**fields(owed), "begin": "email"})
    form = {**fields(sent), "code": mailed_code(home), "trust_device": "1"}
    assert browser.post("/sign-in", data=form).status_code == 303
    account = home.house.rooms.accounts.get_by_name("ana")
    devices = home.house.rooms.devices.list_of(account.id)
    assert [each.trusted_until for each in devices] == [None, None]  # by two factors alone


def test_the_cookie_of_another_account_makes_no_browser_known(at: At) -> None:
    home = at()
    home.create("eve", "eve@example.org")
    browser = home.client()
    form = fields(browser.get("/sign-in"))
    body = {**form, "username": "eve", "password": PASSWORD}
    assert browser.post("/sign-in", data=body).status_code == 303
    assert on_page(browser, ABROAD).status_code == 200
    assert traces(home)[0].details["answer"] == "step_up"


def test_a_trusted_browser_stands_in_for_nothing_then(at: At) -> None:
    """Where the rules doubt a known browser too: whoever stole it is elsewhere."""
    home = at(NEW_COUNTRY_ALONE)
    app = enrolled_app(home)
    browser = home.client()
    owed = on_page(browser, AT_HOME)
    form = {**fields(owed), "code": app.next_code(), "trust_device": "1"}
    here = {"REMOTE_ADDR": AT_HOME}
    assert browser.post("/sign-in", data=form, environ_overrides=here).status_code == 303
    assert on_page(browser, AT_HOME).status_code == 303
    assert on_page(browser, ABROAD).status_code == 200


def test_what_is_enrolled_is_asked_and_not_the_mailbox(at: At) -> None:
    home = at()
    app = enrolled_app(home)
    owed = log_in(home, ABROAD)
    assert owed.json is not None
    assert owed.json["factors"] == ["totp"]
    assert go_on(home, owed, factor="email", begin=True).status_code == 422
    assert go_on(home, owed, factor="totp", code=app.next_code()).status_code == 200


def test_the_step_can_not_be_put_off(at: At, make_home: MakeHome) -> None:
    """The attack: take the grace of who has to enrol a factor for the grace of who is doubted."""
    places = str(at().house.settings.geoip_file)
    home = make_home(
        PORTERO_GEOIP_FILE=places,
        PORTERO_SECOND_FACTOR="required",
        PORTERO_SECOND_FACTOR_GRACE_DAYS="7",
    )
    owed = log_in(home, ABROAD)
    assert owed.json is not None
    assert (owed.json["owed"], owed.json["factors"]) == ("second_factor", ["email"])
    assert "not_now" not in owed.json["options"]
    assert go_on(home, owed, not_now=True).status_code == 403
    sent = go_on(home, owed, factor="email", begin=True)
    after = go_on(home, sent, factor="email", code=mailed_code(home))
    assert after.json is not None
    assert after.json["owed"] == "enrol_factor"  # the mailbox is none


def test_whoever_has_the_mailbox_alone_is_told_on(at: At) -> None:
    """The attack: read the owner's mail, choose a new password, and answer with the same mailbox.
    It proves nothing more, so the rules' `otherwise` holds, and the owner reads of it."""
    home = at()
    reset(home)
    assert log_in(home, ABROAD, OTHER_PASSWORD).status_code == 200
    home.deliver()
    assert subjects(home)[-1] == "An unusual sign-in"
    assert traces(home)[0].details["second"] == "none"


def test_or_is_refused_where_the_operator_says_so(at: At) -> None:
    home = at(NEW_COUNTRY_ALONE.replace("step_up", 'otherwise = "deny"\nstep_up'))
    reset(home)
    assert log_in(home, ABROAD, OTHER_PASSWORD).status_code == 401


def reset(home: Home) -> None:
    post(home, "/password/forgot", ABROAD, {"username": "ana"})
    body = {"token": home.mailed_token("/reset-password"), "new_password": OTHER_PASSWORD}
    assert post(home, "/password/reset", ABROAD, body).status_code == 204


def subjects(home: Home) -> list[str]:
    home.deliver()
    return [mail.split("Subject: ")[1].splitlines()[0] for mail in home.mails()]


def test_a_denied_password_is_answered_as_a_wrong_one(at: At) -> None:
    """Whoever stole it must not learn that it is good: not by the answer, nor by how many tries it
    leaves. The owner is told, and comes in from home."""
    home = at(DENY_ABROAD)
    wrong, right = log_in(home, ABROAD, OTHER_PASSWORD), log_in(home, ABROAD)
    assert right.status_code == 401
    assert _told(right) == _told(wrong)
    assert list(right.headers.keys()) == list(wrong.headers.keys())
    statuses = [log_in(home, ABROAD).status_code for _ in range(rules.LOGIN_BY_ACCOUNT.tries)]
    assert statuses[-1] == 429
    assert {entry.details["reason"] for entry in traces(home, "login.failed")} == {
        "wrong_credentials",
        "denied",
    }
    assert subjects(home).count("A sign-in was refused") == rules.DOUBT_MAIL_BY_ACCOUNT.tries
    home.clock.let_pass(minutes=16)
    assert log_in(home, AT_HOME).status_code == 200


@pytest.mark.parametrize(("rule_file", "is_level"), [(DENY_ABROAD, True), ("", False)])
def test_time_tells_no_denied_password_from_a_wrong_one(
    at: At, rule_file: str, is_level: bool
) -> None:
    """A denied one is judged, and more is written. So both last as long as either may; but nobody
    waits where nobody can be denied."""
    home = at(rule_file)
    clock, passwords = home.clock, home.house.rooms.sign_in._passwords
    passwords._pause = lambda seconds: clock.let_pass(seconds=seconds)
    before = clock.passed
    for password in (OTHER_PASSWORD, PASSWORD):
        began = clock.monotonic()
        log_in(home, ABROAD, password)
        lasted = clock.monotonic() - began
        assert not is_level or lasted > 0.05
    assert is_level == (clock.passed > before)


def _told(answer: TestResponse) -> dict[str, Any]:
    assert answer.json is not None
    return {name: value for name, value in answer.json.items() if name != "request_id"}


def test_a_session_that_somebody_ended_makes_no_place_usual(at: At) -> None:
    """The owner threw a thief out: where he was is not where she is."""
    home = at()
    account = home.house.rooms.accounts.get_by_name("ana")
    sent = go_on(home, log_in(home, ABROAD), factor="email", begin=True)
    go_on(home, sent, factor="email", code=mailed_code(home))
    thief = home.house.rooms.sessions.list_live(account.id)[0]
    assert thief.address == ABROAD
    owner = Actor.account(account.id, origin=Origin())
    home.house.rooms.sessions.end_one(owner, account.id, thief.id, EndReason.REVOKED)
    assert log_in(home, ABROAD).status_code == 403


def test_an_address_of_the_operators_list_is_doubted(make_home: MakeHome, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{HIDDEN}/32\n")
    home = make_home(PORTERO_ANONYMISING_NETWORKS=str(tmp_path / "list.txt"))
    home.create("ana", MAILBOX)
    assert log_in(home, AT_HOME).status_code == 200
    assert log_in(home, HIDDEN).status_code == 403


def test_without_files_nothing_is_asked_of_anybody(home: Home) -> None:
    """By the default rules a new browser alone is told by mail, and costs no statement here."""
    home.create("ana", MAILBOX)
    with counted(home) as statements:
        assert log_in(home, ABROAD).status_code == 200
    assert not [each for each in statements if each.startswith("SELECT audit_entries")]
    assert not traces(home, "login.judged")


def test_the_trace_says_who_was_told_really(at: At) -> None:
    """Neither of a mail that was one too many, nor where no mailbox is proven."""
    home = at(DENY_ABROAD)
    for _ in range(rules.DOUBT_MAIL_BY_ACCOUNT.tries + 1):
        log_in(home, ABROAD)
    assert [entry.details["told"] for entry in traces(home)] == [False, True, True, True]
    home.create("eve")
    for address in (AT_HOME, ABROAD):
        post(home, "/login", address, {"username": "eve", "password": PASSWORD})
    assert (traces(home)[0].details["answer"], traces(home)[0].details["told"]) == ("deny", False)


def test_told_is_told_once_and_always(at: At) -> None:
    """The mail about a new browser says less than that about an unusual sign-in. The attack: use up
    the mails of a day, and come in without any."""
    home = at(NEW_COUNTRY_ALONE.replace("step_up", "notify").replace("country", "device"))
    home.clock.let_pass(days=2)
    most = rules.DOUBT_MAIL_BY_ACCOUNT.tries
    for _ in range(most + 1):
        assert on_page(home.client(), ABROAD).status_code == 303
    assert subjects(home)[-most - 1 :] == [
        *["An unusual sign-in"] * most,
        "A sign-in on a new device",
    ]


def test_whoever_signs_the_owner_out_everywhere_makes_no_place_usual(at: At) -> None:
    """The attack: with a copied token end all sessions, and then its own, so that nothing is known
    of the owner; and come from anywhere with the password."""
    home = at()
    token = {"Authorization": f"Bearer {home.log_in()['access_token']}"}
    assert home.client().delete("/me/sessions", headers=token).status_code == 200
    (own,) = home.client().get("/me/sessions", headers=token).json["sessions"]
    home.client().delete(f"/me/sessions/{own['id']}", headers=token)
    assert log_in(home, ABROAD).status_code == 403
    assert log_in(home, AT_HOME).status_code == 200


def test_a_freeze_forgets_a_thief_and_not_the_owner(at: At) -> None:
    """The attack: sign out before she reads the mail, so that no freeze ends that session. Where
    she was before it, she still is at home."""
    home = at(PORTERO_SECOND_FACTORS="totp")
    thief = log_in(home, ABROAD)
    assert thief.json is not None
    link = home.mailed_token("/it-was-not-me")
    bearer = {"Authorization": f"Bearer {thief.json['access_token']}"}
    assert home.client().post("/logout", json={}, headers=bearer).status_code == 200
    home.clock.let_pass(minutes=5)
    home.house.rooms.freezing.use(Actor.anonymous(Origin()), link)
    chosen = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), chosen, OTHER_PASSWORD)
    assert log_in(home, ABROAD, OTHER_PASSWORD).status_code == 200
    values = [entry.details["values"] for entry in traces(home)]
    assert [each["countries_before"] for each in values if isinstance(each, dict)] == [["PT"]] * 2


def test_where_nothing_of_hers_is_left_everything_is_new(at: At) -> None:
    """An operator who freezes knows of no beginning: the last week is anybody's."""
    home = at(DENY_ABROAD)
    account = home.house.rooms.accounts.get_by_name("ana")
    home.house.rooms.freezing.by_operator(Actor.operator(), account.id)
    chosen = home.mailed_token("/reset-password")
    home.house.rooms.recovery.use(Actor.system(), chosen, OTHER_PASSWORD)
    assert log_in(home, ABROAD, OTHER_PASSWORD).status_code == 401


def test_a_session_that_was_ended_is_known_for_as_long_as_it_counts(at: At) -> None:
    """The attack: wait until it is forgotten why that session ended, and not yet that it began."""
    home = at(PORTERO_SESSION_SECONDS="86400", PORTERO_SESSION_IDLE_SECONDS="3600")
    account = home.house.rooms.accounts.get_by_name("ana")
    sent = go_on(home, log_in(home, ABROAD), factor="email", begin=True)
    go_on(home, sent, factor="email", code=mailed_code(home))
    thief = home.house.rooms.sessions.list_live(account.id)[0]
    owner = Actor.account(account.id, origin=Origin())
    home.house.rooms.sessions.end_one(owner, account.id, thief.id, EndReason.REVOKED)
    home.clock.let_pass(days=40)
    purge(home.house)
    assert log_in(home, ABROAD).status_code == 403
