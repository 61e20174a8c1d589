"""Attack: to have many addresses, and with each a new budget of tries."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.house import PASSWORD, Home, MakeHome

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def tries(home: Home, *addresses: str) -> Counter[int]:
    """One wrong password from each, for a name of its own."""
    return Counter(
        status_from(home, address, f"nobody{number}", "wrong password")
        for number, address in enumerate(addresses)
    )


def status_from(home: Home, address: str, username: str, password: str) -> int:
    return (
        home.client()
        .post(
            "/login",
            json={"username": username, "password": password},
            environ_overrides={"REMOTE_ADDR": address},
        )
        .status_code
    )


@pytest.fixture
def narrow_home(make_home: MakeHome) -> Home:
    """Two tries for an address, and so eight for its network."""
    return make_home(PORTERO_LIMITS="login_by_address=2/900")


@on_sqlite
def test_whoever_has_a_64_has_one_budget(narrow_home: Home) -> None:
    """Every customer has a /64: 2^64 addresses, which may be changed for each request."""
    inside = [f"2001:db8:1:2:{number:x}::{number:x}" for number in range(1, 7)]
    assert tries(narrow_home, *inside) == {401: 2, 429: 4}
    assert tries(narrow_home, "2001:db8:1:3::1") == {401: 1}


@on_sqlite
@pytest.mark.parametrize("network", ["203.0.113.{}", "2001:db8:1:{}::1"])
def test_a_whole_network_has_a_few_budgets_and_not_one_for_each_address(
    narrow_home: Home, network: str
) -> None:
    """A rented /24, or a /48 from a tunnel broker: 30 addresses, 60 tries, and eight are looked at;
    who lives elsewhere notices nothing."""
    addresses = [network.format(number % 30 + 1) for number in range(60)]
    assert tries(narrow_home, *addresses) == {401: 8, 429: 52}
    narrow_home.create("ana")
    assert status_from(narrow_home, network.format(99), "ana", PASSWORD) == 429
    assert status_from(narrow_home, "198.51.100.1", "ana", PASSWORD) == 200
    assert status_from(narrow_home, "2001:db8:2:1::1", "ana", PASSWORD) == 200


@on_sqlite
def test_one_address_can_not_use_up_what_its_neighbours_may(narrow_home: Home) -> None:
    """The attack on the office next door: what an address's own limit refuses is not counted for
    its network."""
    assert tries(narrow_home, *["203.0.113.7"] * 40) == {401: 2, 429: 38}
    assert tries(narrow_home, "203.0.113.8", "203.0.113.8", "203.0.113.9") == {401: 3}


@on_sqlite
def test_the_same_machine_over_an_ipv6_socket_is_the_same_machine(narrow_home: Home) -> None:
    """A socket that takes both writes an IPv4 address as ::ffff:203.0.113.7."""
    spelled = ("203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107", "203.0.113.7")
    assert tries(narrow_home, *spelled) == {401: 2, 429: 2}


def test_a_success_is_given_back_to_the_network_too(narrow_home: Home) -> None:
    """An office of many addresses, in which everybody signs in, meets no limit."""
    narrow_home.create("ana")
    statuses = [
        status_from(narrow_home, f"203.0.113.{number}", "ana", PASSWORD) for number in range(1, 21)
    ]
    assert set(statuses) == {200}
    assert tries(narrow_home, *(f"203.0.113.{number}" for number in range(30, 40))) == {
        401: 8,
        429: 2,
    }


@on_sqlite
def test_the_operator_says_what_one_address_and_one_network_are(make_home: MakeHome) -> None:
    """A /24 as one address, and a limit of the network by its own name."""
    home = make_home(
        PORTERO_LIMITS="login_by_address=2/900,login_by_address_network=3/900",
        PORTERO_LIMITS_IPV4="24/16",
    )
    assert tries(home, "203.0.113.1", "203.0.113.2", "203.0.113.3") == {401: 2, 429: 1}
    assert tries(home, "203.0.114.1", "203.0.115.1", "203.1.1.1") == {401: 2, 429: 1}
