"""Which addresses are the public internet. `ipaddress.is_global` is not enough: it lets NAT64,
6to4 and multicast through, each of which can lead inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

# IANA IPv4 Special-Purpose Address Registry, multicast and class E.
_CLOSED_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; 0.0.0.0 is the machine itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier NAT; metadata services of some clouds
            "127.0.0.0/8",
            "169.254.0.0/16",  # link local: the metadata service of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# Only 2000::/3 is given out as global unicast (RFC 4291 §2.4). Everything else is closed by that:
# loopback, ::ffff:0:0/96 (mapped), 64:ff9b::/96 (NAT64), fc00::/7, fe80::/10, ff00::/8.
_OPEN_V6: Final = IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo, which carries an IPv4 address
            "2001:db8::/32",
            "2002::/16",  # 6to4: carries an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(address: str) -> bool:
    """Whether a resolved address is on the public internet; False for anything unclear."""
    found = _parsed(address)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _CLOSED_V4)
    if isinstance(found, IPv6Address):
        return found in _OPEN_V6 and not any(found in network for network in _CLOSED_V6)
    return False


def is_loopback(address: str) -> bool:
    """127.0.0.0/8 or ::1, and no way to write it inside another address."""
    found = _parsed(address)
    return found is not None and found.is_loopback and getattr(found, "ipv4_mapped", None) is None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    if "%" in address:  # a zone names an interface of this machine
        return None
    try:
        return ip_address(address)
    except ValueError:
        return None
