"""An IP address out of its text. What it counts to, and who may speak for it, others say."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED_BITS: Final = 96  # before the IPv4 address in an IPv6 one


@lru_cache(maxsize=1024)  # a request's is asked for several times, a proxy's by each request
def parsed_address(text: str) -> Address | None:
    """The address, None for what is none. An IPv4 address inside an IPv6 one (`::ffff:192.0.2.1`,
    RFC 4291 §2.5.5.2) is the IPv4 address: a socket that takes both says so of the same machine,
    which must not have two budgets, nor a trusted proxy be a stranger for it."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def parsed_network(text: str) -> Network:
    """The network of a CIDR block, folded as an address is; ValueError for what is none."""
    found = ip_network(text)
    if isinstance(found, IPv6Network) and found.prefixlen >= _MAPPED_BITS:
        inner = found.network_address.ipv4_mapped
        if inner is not None:
            return IPv4Network((int(inner), found.prefixlen - _MAPPED_BITS))
    return found
