"""Whose address a request comes from: the socket's, or what a trusted proxy says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from portero.kit.addresses import Address, Network, parsed_address


def client_address(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy, in its usual spelling.

    X-Forwarded-For is read from the right, and only as far as each hop is a proxy that the
    operator named: what a client writes at the left is never believed.
    """
    if not (forwarded and proxies):
        return _spelled_as_usual(peer)
    nearest = parsed_address(peer)
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    while hops and _is_of(nearest, proxies):
        candidate = parsed_address(hops.pop())
        # A zone index (fe80::1%...) is any text of any length, and no client's address.
        if candidate is None or getattr(candidate, "scope_id", None) is not None:
            break
        nearest = candidate
    return peer if nearest is None else str(nearest)


@lru_cache(maxsize=1024)  # most requests of an hour come from few addresses
def _spelled_as_usual(peer: str) -> str:
    found = parsed_address(peer)
    return peer if found is None else str(found)


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address is of one of the networks; what is no address is in none."""
    return _is_of(parsed_address(address), networks)


def _is_of(address: Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)
