"""Recovery codes: made beside another factor, shown once, each good once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.factors.recovery import NothingToRecover
from portero.core.factors.recovery.rules import typed
from portero.core.factors.recovery.store import recovery_codes
from portero.kit.secrets import fingerprint
from tests.support.authenticator_app import App, enrolled_app
from tests.support.house import PASSWORD, Home, MakeHome
from tests.support.racing import at_once, statuses
from tests.support.relying_party import fields

pytestmark = pytest.mark.sqlite_alone


_CODE = re.compile(r"<code>([a-z2-7]{5}(?:-[a-z2-7]{5}){3}-[a-z2-7]{6})</code>")


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home()
    home.create("ana", "ana@example.org")
    return home


def made(home: Home, username: str = "ana") -> tuple[str, ...]:
    account = home.house.rooms.accounts.get_by_name(username)
    return home.house.rooms.recovery_codes.make(Actor.operator(), account.id)


def owing(home: Home, username: str = "ana") -> dict[str, Any]:
    answer = home.post("/login", username=username, password=PASSWORD)
    assert answer.status_code == 403, answer.text
    return dict(answer.json)


def prove(home: Home, owed: dict[str, Any], code: str) -> Any:
    return home.post("/login/continue", auth_session=owed["auth_session"],
                     factor="recovery_code", code=code)  # fmt: skip


def subjects(home: Home) -> list[str]:
    home.deliver()
    return [re.findall(r"Subject: (.*)", mail)[0] for mail in home.mails()]


def test_a_code_stands_in_for_a_lost_phone(home: Home) -> None:
    """As it was shown, in capitals, or with spaces; the session has the level of two factors."""
    enrolled_app(home)
    codes = made(home)
    assert len(set(codes)) == 10
    for code in (codes[0], codes[1].upper(), codes[2].replace("-", " ")):
        answer = prove(home, owing(home), code)
        assert answer.status_code == 200, answer.text
    session = home.get("/me/sessions", answer.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "otp", "mfa"])


@pytest.mark.each_case_on_each_database
def test_a_code_opens_once(home: Home) -> None:
    """And of ten tries at the same moment, one.

    Authorizer #761: its recovery codes opened more than once when tried together.
    """
    enrolled_app(home)
    codes = made(home)
    assert prove(home, owing(home), codes[0]).status_code == 200
    assert prove(home, owing(home), codes[0]).status_code == 422
    waiting = [owing(home) for _ in range(20)]
    answers = statuses(at_once(lambda nth: prove(home, waiting[nth], codes[1])))
    assert answers[200] == 1
    assert set(answers) <= {200, 422, 429}


def test_the_owner_hears_of_each_use(home: Home) -> None:
    """With how many are left, and where to undo it; and the audit log has it."""
    enrolled_app(home)
    codes = made(home)
    prove(home, owing(home), codes[0])
    assert "A recovery code was used" in subjects(home)
    mail = home.mails()[-1]
    assert "9" in mail
    assert "/account/security" in mail
    (used,) = home.house.audit.list_entries(kind="recovery_codes.used")
    assert used.details == {"remaining": 9}


def test_new_codes_replace_all_earlier_ones(home: Home) -> None:
    """A sheet that was photographed is worth nothing."""
    enrolled_app(home)
    old, new = made(home), made(home)
    assert prove(home, owing(home), old[0]).status_code == 422
    assert prove(home, owing(home), new[0]).status_code == 200
    assert subjects(home).count("New recovery codes were made") == 2


@pytest.mark.each_case_on_each_database
def test_of_sets_made_at_once_one_is_left(home: Home) -> None:
    """Two tabs: ten codes, not twenty."""
    enrolled_app(home)
    sets = at_once(lambda nth: made(home))
    kept = home.house.db.read(
        lambda tx: {row.code_hash for row in tx.execute(recovery_codes.select())}
    )
    hashed = [{fingerprint(typed(code)) for code in codes} for codes in sets]
    assert len(sets) > 1
    assert hashed.count(kept) == 1


def ana(home: Home) -> str:
    return home.house.rooms.accounts.get_by_name("ana").id


def test_another_accounts_code_proves_nothing(home: Home) -> None:
    """It is looked for among the account's own, and stays good for its owner.

    CVE-2026-78619: Punk::TOTP took anybody's.
    """
    enrolled_app(home)
    home.create("eve")
    enrolled_app(home, "eve")
    made(home)
    eves = made(home, "eve")
    assert prove(home, owing(home), eves[0]).status_code == 422
    assert prove(home, owing(home, "eve"), eves[0]).status_code == 200


def test_the_last_one_is_not_asked_for_again(home: Home) -> None:
    """When all are used, the app alone is offered."""
    enrolled_app(home)
    for code in made(home):
        assert prove(home, owing(home), code).status_code == 200
    assert owing(home)["factors"] == ["totp"]


def test_they_go_with_the_last_factor(home: Home) -> None:
    """Alone they would be a second password that nobody knows about; none are made either."""
    enrolled_app(home)
    codes = made(home)
    rooms = home.house.rooms
    app = next(each for each in rooms.authenticators.list_of(ana(home)) if each.kind == "totp")
    rooms.authenticators.remove(Actor.operator(), ana(home), app.id)
    assert rooms.authenticators.list_of(ana(home)) == ()
    assert home.log_in()["access_token"]
    with pytest.raises(NothingToRecover):
        made(home)
    enrolled_app(home)
    assert owing(home)["factors"] == ["totp"]
    assert prove(home, owing(home), codes[0]).status_code == 422


def test_only_hashes_are_kept(home: Home) -> None:
    """Whoever reads the database reads no code."""
    enrolled_app(home)
    codes = made(home)
    rows = home.house.db.read(
        lambda tx: [tuple(row) for row in tx.execute(recovery_codes.select())]
    )
    kept = repr(rows).lower()
    assert len(rows) == 10
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


@pytest.mark.parametrize("code", ["", "-", "aaaaa-aaaaa", "ü" * 26, "a" * 26, "\x00" * 26])
def test_what_is_no_code_is_wrong(home: Home, code: str) -> None:
    """And nothing worse."""
    enrolled_app(home)
    made(home)
    assert prove(home, owing(home), code).status_code == 422


def test_they_are_not_enrolled_by_themselves(make_home: MakeHome) -> None:
    """Where a factor is required, codes are none to begin with."""
    home = make_home(PORTERO_SECOND_FACTOR="required")
    home.create("ana")
    owed = owing(home)
    assert FactorKind.RECOVERY_CODE not in owed["factors"]
    begun = home.post("/login/continue", auth_session=owed["auth_session"],
                      factor="recovery_code", begin=True)  # fmt: skip
    assert begun.status_code == 422


# --- the pages --------------------------------------------------------------------------------


def signed_in(home: Home) -> FlaskClient:
    browser = home.client()
    form = {**fields(browser.get("/sign-in")), "username": "ana", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def post(browser: FlaskClient, path: str, **typed: str) -> Any:
    shown = fields(browser.get("/account/profile"))
    own = {name: shown[name] for name in ("csrf", "session")}
    return browser.post(f"/account/security/{path}", data={**own, **typed})


def set_up(home: Home, browser: FlaskClient) -> tuple[App, Any]:
    page = browser.get("/account/security/app").text
    app = App(home, page.split("<code>")[1].split("</code>")[0])
    return app, post(browser, "app", code=app.code(), name="Phone")


def test_an_app_is_set_up_on_the_account_page(home: Home) -> None:
    """With a QR code, its text, and a link; then the session has the level, under a new cookie."""
    browser = signed_in(home)
    before = browser.get_cookie("portero", domain="127.0.0.1")
    page = browser.get("/account/security/app")
    assert "<svg" in page.text
    assert 'href="otpauth://totp/' in page.text
    assert post(browser, "app", code="000000").status_code == 422
    _, done = set_up(home, browser)
    assert done.location == "/account/security/recovery-codes"
    after = browser.get_cookie("portero", domain="127.0.0.1")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    (session,) = home.house.rooms.sessions.list_live(ana(home))
    assert (session.acr, session.amr) == ("aal2", ("pwd", "otp", "mfa"))
    assert subjects(home) == ["A way to sign in was added"]
    assert "Phone" in browser.get("/account/security").text


def test_codes_are_made_and_shown_once(home: Home) -> None:
    """Right after the first factor; the page says why, and they are there to be kept as a file."""
    browser = signed_in(home)
    _, done = set_up(home, browser)
    assert "You have no recovery codes" in browser.get(done.location).text
    shown = post(browser, "recovery-codes")
    codes = _CODE.findall(shown.text)
    assert len(codes) == 10
    assert 'download="recovery-codes.txt"' in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    again = browser.get("/account/security/recovery-codes").text
    assert not _CODE.findall(again)
    assert "10" in again
    assert prove(home, owing(home), codes[9]).status_code == 200


def test_few_codes_are_warned_of(home: Home) -> None:
    """On the page where ways to sign in are listed."""
    browser = signed_in(home)
    set_up(home, browser)
    codes = _CODE.findall(post(browser, "recovery-codes").text)
    assert "left: 10" in browser.get("/account/security").text
    for code in codes[:7]:
        prove(home, owing(home), code)
    assert "Only a few recovery codes are left: 3" in browser.get("/account/security").text


def test_an_app_is_named_and_removed(home: Home) -> None:
    """The owner is told of what is removed; another account's is none of one's own."""
    browser = signed_in(home)
    set_up(home, browser)
    (app,) = home.house.rooms.authenticators.list_of(ana(home))
    assert post(browser, "app/rename", id=app.id, name="Tablet").status_code == 303
    assert "Tablet" in browser.get("/account/security").text
    home.create("eve")
    enrolled_app(home, "eve")
    eves = home.house.rooms.accounts.get_by_name("eve").id
    (theirs,) = home.house.rooms.authenticators.list_of(eves)
    for act in ("app/rename", "app/remove"):
        assert post(browser, act, id=theirs.id, name="x").status_code == 404
    assert home.house.rooms.authenticators.list_of(eves) == (theirs,)
    assert post(browser, "app/remove", id=app.id).location == "/account/security"
    assert home.house.rooms.authenticators.list_of(ana(home)) == ()
    assert subjects(home)[-1] == "A way to sign in was removed"


@pytest.mark.parametrize("path", ["app", "app/rename", "app/remove", "recovery-codes"])
def test_an_open_browser_changes_nothing(home: Home, path: str) -> None:
    """Whoever finds a browser that was left open is asked who they are: by everything that the
    account has."""
    browser = signed_in(home)
    app, _ = set_up(home, browser)
    (one,) = home.house.rooms.authenticators.list_of(ana(home))
    home.clock.let_pass(seconds=901)
    sent = post(browser, path, id=one.id, name="x", code=app.code())
    assert (sent.status_code, sent.location[:17]) == (303, "/sign-in?request=")
    page = browser.get(sent.location)
    form = {**fields(page), "password": PASSWORD}
    owed = browser.post("/sign-in", data=form)
    assert fields(owed)["owed"] == "second_factor"
    back = browser.post("/sign-in", data={**fields(owed), "code": app.next_code()})
    assert back.location.startswith("/account/security/")


def test_a_session_from_before_does_not_undo_a_factor(home: Home) -> None:
    """A thief signed in with the password a minute before the owner set up an app: the thief's
    session is fresh, and lacks what the account has now."""
    thief, owner = signed_in(home), signed_in(home)
    set_up(home, owner)
    (one,) = home.house.rooms.authenticators.list_of(ana(home))
    sent = post(thief, "app/remove", id=one.id)
    assert sent.location.startswith("/sign-in?request=")
    assert len(home.house.rooms.authenticators.list_of(ana(home))) == 1
    page = thief.get(sent.location)
    assert fields(page)["factor"] == "totp"


def test_a_code_signs_in_on_the_page(home: Home) -> None:
    """Chosen as another way."""
    browser = signed_in(home)
    set_up(home, browser)
    codes = _CODE.findall(post(browser, "recovery-codes").text)
    other = home.client()
    form = {**fields(other.get("/sign-in")), "username": "ana", "password": PASSWORD}
    owed = other.post("/sign-in", data=form)
    chosen = other.post("/sign-in", data={**fields(owed), "begin": "recovery_code"})
    done = other.post("/sign-in", data={**fields(chosen), "code": codes[0]})
    assert (done.status_code, done.location) == (303, "/account")
