"""A login with a passkey alone, by the JSON API."""

from __future__ import annotations

from typing import Any

import pytest

from portero.core.audit import Actor
from portero.core.factors.passkey.model import Purpose
from portero.protocol.webauthn.model import CeremonyRefused
from portero.protocol.webauthn.reading import read
from tests.support.house import Home, MakeHome
from tests.support.passkeys import AT_A_DOMAIN, enrol
from tests.support.racing import at_once, statuses
from tests.support.software_authenticator import VERIFIED, SoftwareAuthenticator, Twist

pytestmark = pytest.mark.sqlite_alone


ORIGIN = {"Origin": "http://localhost:8000"}


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    home = make_home(**AT_A_DOMAIN)
    home.register()
    return home


def options(home: Home, **body: Any) -> dict[str, Any]:
    answer = home.post("/login/passkey/options", **body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json)


def log_in(home: Home, asked: dict[str, Any], credential: Any, **more: Any) -> Any:
    body = {"auth_session": asked["auth_session"], "credential": credential, **more}
    return home.post("/login/passkey", **body)


def refusal(home: Home) -> str:
    """Why the last one failed, as the log has it."""
    return str(home.house.audit.list_entries(kind="login.failed")[0].details["reason"])


@pytest.mark.parametrize(("synced", "method"), [(False, "hwk"), (True, "swk")])
def test_nobody_types_a_name(home: Home, synced: bool, method: str) -> None:
    """The authenticator says whose passkey it is; it is two factors, and nothing more is owed."""
    device = enrol(home, SoftwareAuthenticator(synced=synced))
    asked = options(home)
    assert asked["public_key"]["allowCredentials"] == []
    answer = log_in(home, asked, device.get(asked["public_key"]))
    assert answer.status_code == 200, answer.text
    assert answer.json["user"]["username"] == "ana"
    session = home.get("/me/sessions", answer.json["access_token"]).json["sessions"][0]
    assert (session["acr"], session["amr"]) == ("phr", [method, "user", "mfa"])
    one = home.house.rooms.authenticators.list_of(answer.json["user"]["id"])[0]
    assert one.last_used_at is not None


def test_a_key_that_is_found_by_a_name(home: Home) -> None:
    """It does not say whose it is; the name does."""
    device = enrol(home)
    asked = options(home, username="ana")
    assert [each["id"] for each in asked["public_key"]["allowCredentials"]] == [device.id]
    answer = device.get(asked["public_key"], handle="")
    assert log_in(home, asked, answer, username="ana").status_code == 200
    asked = options(home, username="ana")
    without = log_in(home, asked, device.get(asked["public_key"], handle=""))
    assert (without.status_code, refusal(home)) == (401, "user_handle")


def test_every_name_has_passkeys(home: Home) -> None:
    """Those of nobody, and of somebody without one, look alike and stay the same."""
    for name in ("ana", "nobody", "Nobody@example.org"):
        first = options(home, username=name)["public_key"]["allowCredentials"]
        assert first == options(home, username=name.lower())["public_key"]["allowCredentials"]
        assert len(first) == 1
    assert options(home, username="ana") != options(home, username="nobody")


TURNED = {
    "origin": Twist(origin="https://evil.example"),
    "cross_origin": Twist(client_data={"topOrigin": "https://evil.example"}),
    "rp_id": Twist(rp_id="evil.example"),
    "user_not_verified": Twist(flags_off=VERIFIED),
    "wrong_type": Twist(type="webauthn.create"),
    "challenge": Twist(challenge="AA"),
    "malformed": Twist(cut=1),
}


@pytest.mark.parametrize("reason", TURNED)
def test_a_turned_field_is_refused(home: Home, reason: str) -> None:
    """By one and the same answer; the log has the reason."""
    device = enrol(home)
    asked = options(home)
    wrong = log_in(home, asked, device.get(asked["public_key"], TURNED[reason]))
    assert (wrong.status_code, wrong.json["code"]) == (401, "passkey_refused")
    assert refusal(home) == reason


@pytest.mark.parametrize("odd", [{}, {"id": []}, {"id": "YQ", "rawId": "YQ"}], ids=str)
def test_odd_credentials_are_refused(home: Home, odd: Any) -> None:
    """Whatever was sent; never an error of ours."""
    assert log_in(home, options(home), odd).status_code == 401
    assert refusal(home) == "malformed"


def test_an_unknown_passkey_is_told_apart(home: Home) -> None:
    """So that a browser can be told to forget it: one that was removed, or never was here."""
    device = enrol(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    (one,) = home.house.rooms.authenticators.list_of(account_id)
    home.house.rooms.authenticators.remove(Actor.operator(), account_id, one.id)
    asked = options(home)
    gone = log_in(home, asked, device.get(asked["public_key"]))
    assert (gone.status_code, gone.json["code"]) == (401, "passkey_unknown")


def test_another_accounts_passkey_does_not_sign_the_named_one_in(home: Home) -> None:
    """Nor does a handle that is another's."""
    anas = enrol(home)
    home.register("eve")
    eves = enrol(home, username="eve")
    asked = options(home, username="ana")
    wrong = log_in(home, asked, eves.get(asked["public_key"]), username="ana")
    assert (wrong.status_code, refusal(home)) == (401, "user_handle")
    asked = options(home)
    claimed = eves.get(asked["public_key"], handle=anas.user_handle)
    assert log_in(home, asked, claimed).status_code == 401
    assert refusal(home) == "user_handle"


def test_an_answer_is_good_once(home: Home) -> None:
    """And spent by a wrong one too."""
    device = enrol(home, SoftwareAuthenticator(counts=False))
    asked = options(home)
    answer = device.get(asked["public_key"])
    assert log_in(home, asked, answer).status_code == 200
    assert log_in(home, asked, answer).status_code == 401
    assert refusal(home) == "challenge"
    asked = options(home)
    wrong = device.get(asked["public_key"], Twist(flags_off=VERIFIED))
    assert log_in(home, asked, wrong).status_code == 401
    assert log_in(home, asked, device.get(asked["public_key"])).status_code == 401


@pytest.mark.each_case_on_each_database
def test_of_parallel_logins_by_one_answer_one_succeeds(home: Home) -> None:
    """Twenty at once."""
    device = enrol(home, SoftwareAuthenticator(counts=False))
    asked = options(home)
    answer = device.get(asked["public_key"])
    answers = statuses(at_once(lambda nth: log_in(home, asked, answer)))
    assert answers == {200: 1, 401: 19}


def test_an_answer_belongs_to_whoever_asked(home: Home) -> None:
    """An attacker's options, a victim's signature: the auth_session is the attacker's."""
    device = enrol(home)
    mine, theirs = options(home), options(home)
    assert log_in(home, mine, device.get(theirs["public_key"])).status_code == 401
    assert refusal(home) == "challenge"


def test_options_grow_old(home: Home) -> None:
    """After ten minutes."""
    device = enrol(home)
    asked = options(home)
    home.clock.let_pass(minutes=10, seconds=1)
    assert log_in(home, asked, device.get(asked["public_key"])).status_code == 401
    assert refusal(home) == "challenge"


def test_a_copy_is_refused(home: Home) -> None:
    """Its counter goes back."""
    device = enrol(home)
    asked = options(home)
    assert log_in(home, asked, device.get(asked["public_key"])).status_code == 200
    asked = options(home)
    copy = device.get(asked["public_key"], Twist(sign_count=1))
    assert (log_in(home, asked, copy).status_code, refusal(home)) == (401, "counter_went_back")


def test_a_disabled_account_stays_out(home: Home) -> None:
    """Told only after the proof."""
    device = enrol(home)
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    home.house.rooms.account_admin.disable(Actor.operator(), account_id)
    asked = options(home)
    answer = log_in(home, asked, device.get(asked["public_key"]))
    assert (answer.status_code, answer.json["code"]) == (403, "account_not_active")


def test_what_else_is_owed_is_owed(make_home: MakeHome) -> None:
    """A passkey is no way round an unverified mail address."""
    home = make_home(**AT_A_DOMAIN)
    home.register(email="ana@example.org")
    device = enrol(home)
    strict = make_home(**AT_A_DOMAIN, PORTERO_REQUIRE_VERIFIED_EMAIL="on")
    asked = options(strict)
    owed = log_in(strict, asked, device.get(asked["public_key"]))
    assert (owed.status_code, owed.json["owed"]) == (403, "verify_email")


def test_a_cookie_is_asked_for_by_our_own_pages_only(home: Home) -> None:
    """Else somebody signs a stranger's browser in as himself."""
    device = enrol(home)
    asked = options(home)
    body = {
        "auth_session": asked["auth_session"],
        "credential": device.get(asked["public_key"]),
        "delivery": "cookie",
    }
    evil = {"Origin": "https://evil.example"}
    assert home.client().post("/login/passkey", json=body, headers=evil).status_code == 403
    good = home.client().post("/login/passkey", json=body, headers=ORIGIN)
    assert good.status_code == 200
    assert "access_token" not in good.json


def test_tries_from_an_address_run_out(make_home: MakeHome) -> None:
    """They are those of passwords; a success is given back."""
    home = make_home(**AT_A_DOMAIN, PORTERO_LIMITS="login_by_address=5/900")
    home.register()
    device = enrol(home)
    for _ in range(7):
        asked = options(home)
        assert log_in(home, asked, device.get(asked["public_key"])).status_code == 200
    for _ in range(5):
        assert log_in(home, options(home), {}).status_code == 401
    assert log_in(home, options(home), {}).status_code == 429


@pytest.mark.parametrize(
    "settings", [{}, {**AT_A_DOMAIN, "PORTERO_PASSKEY_SIGN_IN": "off"}], ids=["address", "off"]
)
def test_where_nobody_signs_in_so(make_home: MakeHome, settings: dict[str, str]) -> None:
    """At an address, and where the operator does not want it."""
    home = make_home(**settings)
    answer = home.post("/login/passkey/options")
    assert (answer.status_code, answer.json["code"]) == (404, "passkey_sign_in_off")
    assert log_in(home, {"auth_session": "x"}, {}).status_code == 404


def test_asking_writes_nothing(home: Home) -> None:
    """Whoever loads the page a million times fills no table."""
    from portero.core.factors.passkey.store import spent_challenges

    for _ in range(3):
        options(home, username="ana")
    rows = home.house.db.read(lambda tx: tx.execute(spent_challenges.select()).all())
    assert rows == []


@pytest.mark.parametrize("counter", ["refuse", "note"])
def test_a_passkey_that_is_removed_meanwhile_proves_nothing(
    make_home: MakeHome, counter: str
) -> None:
    """The race: it is looked up, the sign-in waits for the account, and whoever holds that takes
    the passkey away. It is gone, and no copy."""
    home = make_home(**AT_A_DOMAIN, PORTERO_PASSKEY_COUNTER=counter)
    home.register()
    account_id = home.house.rooms.accounts.get_by_name("ana").id
    device = enrol(home)
    asked = options(home)
    subject = asked["auth_session"]
    passkeys = home.house.rooms.passkeys
    assert passkeys is not None
    used = passkeys.list_of(account_id)[0]
    home.house.rooms.authenticators.remove_all(Actor.operator(), account_id)
    answer, now = read(device.get(asked["public_key"])), home.clock.now()
    with pytest.raises(CeremonyRefused, match="removed meanwhile"):
        home.house.db.write(
            lambda tx: passkeys.use_in(tx, used, answer, Purpose.SIGN_IN, subject, now=now)
        )
