"""Whose address a request comes from: the socket's, or what a trusted proxy says."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


def client_address(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy.

    X-Forwarded-For is read from the right, and only as far as each hop is a proxy that the
    operator named: what a client writes at the left is never believed.
    """
    address = peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    while hops and is_in(address, proxies):
        candidate = hops.pop()
        parsed = _parsed(candidate)
        # A zone index (fe80::1%...) is any text of any length, and no client's address.
        if parsed is None or getattr(parsed, "scope_id", None) is not None:
            break
        address = candidate
    return address


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address is of one of the networks; what is no address is in none."""
    found = _parsed(address)
    return found is not None and any(found in network for network in networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
