"""The gates: what is done to an account, and under which settings the walk is taken after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from portero.core.accounts import store as account_store
from portero.core.accounts.store import accounts
from portero.core.audit import Actor
from portero.kit.secrets import Secret
from tests.support.authenticator_app import enrolled_app
from tests.support.house import PASSWORD, Home

_HERE: Final = Path(__file__).parent


def nothing(home: Home) -> None: ...


def disabled(home: Home) -> None:
    home.house.rooms.account_admin.disable(Actor.operator(), ana(home))


def deleted(home: Home) -> None:
    account_id = ana(home)
    home.house.db.write(lambda tx: account_store.delete(tx, account_id))


def unproven(home: Home) -> None:
    """As if the address had never been proven."""
    lost = accounts.update().values(email_verified=False, verified_email_key=None)
    home.house.db.write(lambda tx: tx.execute(lost))


def has_an_app(home: Home) -> None:
    if not home.house.rooms.authenticators.list_of(ana(home)):
        enrolled_app(home)


def has_to_change_the_password(home: Home) -> None:
    admin = home.house.rooms.account_admin
    admin.set_password(Actor.operator(), ana(home), Secret(PASSWORD), must_change=True)


def guessed_at(home: Home) -> None:
    """Somebody has guessed at the password as often as one may. What is locked is the password."""
    home.post("/login", username="ana", password="a wrong one")


def ana(home: Home) -> str:
    return home.house.rooms.accounts.get_by_name("ana").id


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    shut: Callable[[Home], None]
    settings: dict[str, str] = field(default_factory=dict)


GATES = (
    Gate("active", disabled),
    Gate("there", deleted),
    Gate("limited", guessed_at, {"PORTERO_LIMITS": "login_by_account=1/900"}),
    Gate("verified", unproven, {"PORTERO_REQUIRE_VERIFIED_EMAIL": "on"}),
    Gate("second factor", has_an_app),
    Gate("second factor required", nothing, {"PORTERO_SECOND_FACTOR": "required"}),
    Gate(
        "second factor for these clients",
        nothing,
        {"PORTERO_SECOND_FACTOR_CLIENTS": "portero,notes,television,bank"},
    ),
    Gate("password policy", has_to_change_the_password),
    Gate("risk", nothing, {"PORTERO_RISK_RULES": str(_HERE / "deny_strangers.toml")}),
    Gate("doubt", nothing, {"PORTERO_RISK_RULES": str(_HERE / "doubt_strangers.toml")}),
)
