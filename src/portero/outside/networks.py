"""Whether an address is in the operator's list of networks: proxies, tunnels, Tor's exits.

A list has a network (CIDR) or an address on each line; what follows a # says nothing. Lists of a
hundred thousand lines are usual: they are kept as sorted numbers, and a look is a bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from portero.kit.addresses import parsed_address, parsed_network

_MOST_BYTES: Final = 50_000_000


class NetworkList:
    """Read once; a new list is seen at a restart."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`, or `ValueError` with the line that is no network."""
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
        found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            told = line.partition("#")[0].strip()
            if not told:
                continue
            try:
                network = parsed_network(told)
            except ValueError:
                raise ValueError(f"line {number} is no network: {told[:50]}") from None
            first = int(network.network_address)
            found[network.version].append((first, first + network.num_addresses - 1))
        self._ranges = {version: _Ranges(ranges) for version, ranges in found.items()}

    def holds(self, address: str) -> bool:
        found = parsed_address(address)
        if found is None:
            return False
        version = 4 if isinstance(found, IPv4Address) else 6
        return self._ranges[version].hold(int(found))


class _Ranges:
    """Of numbers. Overlapping ones are joined, so that the last beginning is the only candidate."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._first: list[int] = []
        self._last: list[int] = []
        for first, last in sorted(ranges):
            if self._last and first <= self._last[-1] + 1:
                self._last[-1] = max(self._last[-1], last)
            else:
                self._first.append(first)
                self._last.append(last)

    def hold(self, number: int) -> bool:
        at = bisect_right(self._first, number) - 1
        return at >= 0 and number <= self._last[at]
