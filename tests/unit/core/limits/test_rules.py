"""What an address is counted as."""

from __future__ import annotations

import pytest

from portero.core.limits import AddressPolicy, LimitPolicy, Prefixes
from portero.core.limits.rules import counted_for

FIVE = AddressPolicy("five", tries=5, window_seconds=60)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", ["203.0.113.7/32", "203.0.113.0/24"]),
        ("::ffff:203.0.113.7", ["203.0.113.7/32", "203.0.113.0/24"]),
        ("2001:db8:1:2:3:4:5:6", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("2001:DB8:1:2::", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("fe80::1%eth0", ["fe80::/64", "fe80::/48"]),
        # A Unix socket's peer has none.
        ("", [""]),
        ("unix:", ["unix:"]),
    ],
)
def test_an_address_is_counted_for_itself_and_for_its_network(
    address: str, expected: list[str]
) -> None:
    """In one spelling, whichever it came in."""
    assert [subject for _, subject in counted_for(FIVE, address, Prefixes())] == expected


def test_the_network_has_a_few_times_as_much_in_the_same_window() -> None:
    """Under a name of its own."""
    own, network = (policy for policy, _ in counted_for(FIVE, "203.0.113.7", Prefixes()))
    assert own is FIVE
    assert network == LimitPolicy("five_network", tries=20, window_seconds=60)


def test_prefixes_are_the_operators() -> None:
    """Also both the same: then they are two counters all the same."""
    prefixes = Prefixes(ipv4=(24, 24), ipv6=(56, 32))
    found = [
        [subject for _, subject in counted_for(FIVE, address, prefixes)]
        for address in ("203.0.113.7", "2001:db8:1:2ff::1")
    ]
    assert found == [["203.0.113.0/24"] * 2, ["2001:db8:1:200::/56", "2001:db8::/32"]]


def test_what_is_no_address_is_counted_as_it_is() -> None:
    """An account whose name looks like an address is an account."""
    policy = LimitPolicy("by_account", tries=5, window_seconds=60)
    assert counted_for(policy, "203.0.113.7", Prefixes()) == ((policy, "203.0.113.7"),)
