"""What the audit log tells of signing in and of passwords."""

from __future__ import annotations

from werkzeug.security import generate_password_hash

from portero.core.accounts.flows import NewAccount
from portero.core.audit import Actor, Entry, Outcome
from tests.support.house import PASSWORD, Home, MakeHome


def entries(home: Home, kind: str) -> list[Entry]:
    return home.house.audit.list_entries(kind=kind)


def test_an_import_and_its_upgrade_are_recorded(home: Home) -> None:
    """Who still has another system's hash, and since when nobody has."""
    foreign = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")
    account = home.house.rooms.account_admin.create(
        Actor.operator(), NewAccount(username="ana"), None, imported_hash=foreign
    )
    (imported,) = entries(home, "password.imported")
    assert (imported.account_id, imported.actor_kind) == (account.id, "operator")
    home.log_in()
    home.log_in()
    (rehashed,) = entries(home, "password.rehashed")
    assert rehashed.account_id == account.id
    assert rehashed.details == {"old_scheme": imported.details["scheme"]}


def test_a_limited_sign_in_is_recorded_once_in_its_window(make_home: MakeHome) -> None:
    """The attack: guess on after the limit. It is seen, and the guesser can't fill the log."""
    home = make_home(PORTERO_LIMITS="login_by_account=3/900")
    home.register()
    account = home.house.rooms.accounts.get_by_name("ana")

    def guess(tries: int) -> None:
        for _ in range(tries):
            home.post("/login", username="ana", password="wrong")

    guess(3)
    assert entries(home, "login.limited") == []
    guess(5)
    (limited,) = entries(home, "login.limited")
    assert (limited.account_id, limited.outcome) == (account.id, Outcome.FAILURE)
    assert limited.details == {"limit": "login_by_account"}
    assert limited.address
    home.clock.let_pass(minutes=16)
    guess(5)
    assert len(entries(home, "login.limited")) == 2


def test_a_limited_address_is_recorded_too(make_home: MakeHome) -> None:
    """Whatever names were tried; they stay out of the log."""
    home = make_home(PORTERO_LIMITS="login_by_address=3/900")
    for number in range(6):
        home.post("/login", username=f"nobody{number}", password="wrong")
    (limited,) = entries(home, "login.limited")
    assert (limited.account_id, limited.details) == ("", {"limit": "login_by_address"})
