"""Who is counted as one: the subjects that a client's address stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from portero.core.limits.model import AddressPolicy, LimitPolicy
from portero.kit.addresses import parsed_address


@dataclass(frozen=True, slots=True)
class Prefixes:
    """How many bits of an address are one customer's, and how many one network's.

    IPv6: whoever has one address has a /64 (RFC 6177, RFC 7934), and a /48 is given away for
    nothing by tunnel brokers; that is what a /24 of IPv4 is to somebody who rents servers.
    """

    ipv4: tuple[int, int] = (32, 24)
    ipv6: tuple[int, int] = (64, 48)


def customer_of(address: str) -> str:
    """What one customer has of addresses, in the usual way: who has a /64 has one of everything."""
    found = parsed_address(address)
    if found is None or isinstance(found, IPv4Address):
        return address
    return str(IPv6Network((int(found), Prefixes().ipv6[0]), strict=False))


def network_of(address: str) -> str:
    """Where somebody with many addresses has them, in the usual way: a /24 of IPv4, a /48 of
    IPv6."""
    found = _networks_of(address, Prefixes())
    return address if found is None else found[1]


def counted_for(
    policy: LimitPolicy, subject: str, prefixes: Prefixes
) -> tuple[tuple[LimitPolicy, str], ...]:
    """What a try is counted under: an address is one, and one of its network, which may have a few
    times as much. The network alone would shut an office out for its neighbour's guesses; the
    address alone would give whoever has many of them as many budgets."""
    if not isinstance(policy, AddressPolicy):
        return ((policy, subject),)
    found = _networks_of(subject, prefixes)
    if found is None:  # a Unix socket's peer, say
        return ((policy, subject),)
    one, network = found
    return ((policy, one), (policy.of_network(), network))


@lru_cache(maxsize=1024)  # most sign-ins of an hour come from few addresses, or through one proxy
def _networks_of(address: str, prefixes: Prefixes) -> tuple[str, str] | None:
    """The customer's and the wider one, as text; None for what is no address."""
    found = parsed_address(address)
    if found is None:
        return None
    kind, (own, wide) = (
        (IPv4Network, prefixes.ipv4)
        if isinstance(found, IPv4Address)
        else (IPv6Network, prefixes.ipv6)
    )
    return (
        str(kind((int(found), own), strict=False)),
        str(kind((int(found), wide), strict=False)),
    )
