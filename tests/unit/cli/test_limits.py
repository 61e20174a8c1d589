"""`portero limits`: what is in force, who has tried how often, and new tries for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portero.core.limits import AddressPolicy
from portero.core.login.rules import LOGIN_BY_ACCOUNT, LOGIN_BY_ADDRESS
from portero.settings import load
from portero.wiring import join
from portero.wiring.limits import POLICIES, limits_of
from tests.support.house import CHEAP_HASH, PASSWORD, SECRET_KEY
from tests.unit.cli.conftest import Portero

SUFFIXES = ("_by_account", "_by_owner", "_by_client", "_by_recipient", "_everywhere")


@pytest.fixture
def guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Spend tries, as the server of this folder does."""

    def spend(times: int, account_id: str, address: str) -> None:
        house = join(load({"SECRET_KEY": SECRET_KEY, **CHEAP_HASH}, cwd=tmp_path))
        limits, _ = limits_of(house.settings, house.clock)
        tries = ((LOGIN_BY_ADDRESS, address), (LOGIN_BY_ACCOUNT, account_id))
        for _ in range(times):
            house.db.write(lambda tx: limits.spend_each(tx, *tries, now=house.clock.now()))
        house.hasher.close()
        house.db.dispose()

    return spend


def made(portero: Portero, name: str = "ana") -> str:
    answer = portero("users", "create", name, "--password-stdin", "--json", stdin=PASSWORD)
    account_id: str = answer.json["id"]
    return account_id


def spent(portero: Portero, *whose: str) -> dict[str, int]:
    rows: list[dict[str, Any]] = portero("limits", "show", *whose, "--json").json
    return {row["name"]: row["spent"] for row in rows if row["spent"]}


def test_the_list_says_what_is_in_force_and_why(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every policy and every network's; the operator's figures where there are some, and a
    network's follow those of its address."""
    monkeypatch.setenv("PORTERO_LIMITS", "login_by_address=10/600,texts_everywhere=5/60")
    rows = {row["name"]: row for row in portero("limits", "list", "--json").json}
    assert {each.name for each in POLICIES} <= set(rows)
    assert rows["login_by_address"] == {
        "name": "login_by_address",
        "tries": 10,
        "seconds": 600,
        "counted_in": "database",
        "source": "PORTERO_LIMITS",
    }
    network = rows["login_by_address_network"]
    assert (network["tries"], network["source"]) == (40, "PORTERO_LIMITS")
    assert rows["login_by_account"]["source"] == "default"
    assert rows["tokens_by_client"]["counted_in"] == "each process"
    assert "login_by_address" in portero("limits", "list").out


def test_an_account_is_given_new_tries(portero: Portero, guess: Callable[..., None]) -> None:
    """Its own alone; and the audit log says by whom."""
    ana, ben = made(portero), made(portero, "ben")
    guess(7, ana, "203.0.113.7")
    guess(3, ben, "203.0.113.7")
    assert spent(portero, "--account", "ana") == {"login_by_account": 7}
    assert portero("limits", "clear", "--account", "ana").out == "ana has new tries.\n"
    assert spent(portero, "--account", "ana") == {}
    assert spent(portero, "--account", "ben") == {"login_by_account": 3}
    [entry] = portero("audit", "list", "--kind", "limits.cleared", "--json").json
    assert (entry["account_id"], entry["actor_kind"]) == (ana, "operator")


def test_an_address_is_given_new_tries_with_its_network(
    portero: Portero, guess: Callable[..., None]
) -> None:
    """However it is spelled; a neighbour keeps its own."""
    ana = made(portero)
    guess(4, ana, "203.0.113.7")
    guess(2, ana, "203.0.113.8")
    found = {"login_by_address": 4, "login_by_address_network": 6}
    assert spent(portero, "--address", "::ffff:203.0.113.7") == found
    assert "login_by_address_network" in portero("limits", "show", "--address", "203.0.113.7").out
    assert portero("limits", "clear", "--address", "203.0.113.7").status == 0
    assert spent(portero, "--address", "203.0.113.7") == {}
    assert spent(portero, "--address", "203.0.113.8") == {"login_by_address": 2}
    [entry] = portero("audit", "list", "--kind", "limits.cleared", "--json").json
    assert entry["details"] == {"address": "203.0.113.7"}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 2),
        (("--account", "ana", "--address", "203.0.113.7"), 2),
        (("--address", "203.0.113"), 2),
        (("--account", "nobody"), 1),
    ],
)
@pytest.mark.parametrize("command", ["show", "clear"])
def test_whose_tries_has_to_be_clear(
    portero: Portero, command: str, arguments: tuple[str, ...], status: int
) -> None:
    """One account or one address, that there is."""
    assert portero("limits", command, *arguments).status == status


def test_every_policys_name_says_what_it_counts() -> None:
    """Else the desk would not find those of an account."""
    for policy in POLICIES:
        known = isinstance(policy, AddressPolicy) or policy.name.endswith(SUFFIXES)
        assert known, policy.name
        assert policy.name.endswith("_by_address") is isinstance(policy, AddressPolicy)


def test_the_doctor_says_when_redis_is_away(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a warning: the database counts meanwhile. The password is nowhere."""
    monkeypatch.setenv("PORTERO_REDIS_URL", "redis://:s3cret@127.0.0.1:1/0")
    answer = portero("doctor", "--json")
    [found] = [each for each in answer.json if each["check"] == "redis"]
    assert found["state"] == "warn"
    assert "in the database meanwhile" in found["message"]
    assert "s3cret" not in answer.out + answer.err


def test_the_doctor_says_when_redis_answers(
    portero: Portero, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    """Where none is set, it says nothing of it."""
    assert all(each["check"] != "redis" for each in portero("doctor", "--json").json)
    monkeypatch.setenv("PORTERO_REDIS_URL", redis_url)
    [found] = [each for each in portero("doctor", "--json").json if each["check"] == "redis"]
    assert found["state"] == "ok"
