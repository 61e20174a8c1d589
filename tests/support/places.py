"""A file of places (MaxMind DB 2.0) as small as a test needs it: IPv4, one record for each net."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class _Sized:
    number: int
    kind: int


LISBON = {
    "city": {"names": {"en": "Lisbon", "de": "Lissabon", "pt-BR": "Lisboa"}},
    "country": {"iso_code": "PT", "names": {"en": "Portugal", "de": "Portugal"}},
    "location": {"latitude": 38.7, "longitude": -9.1, "accuracy_radius": _Sized(20, 5)},
}
SANTIAGO = {
    "country": {"iso_code": "CL", "names": {"en": "Chile"}},
    "location": {"latitude": -33.4, "longitude": -70.6, "accuracy_radius": _Sized(50, 5)},
}
# The type of an integer in the file's head: 5, 6 and 9 are of 16, 32 and 64 bits.
_WIDE = {"node_count": 6, "build_epoch": 9}


def write_places(path: Path, places: Mapping[str, Mapping[str, Any]]) -> Path:
    """`places` by network, as `198.51.100.0/24`."""
    nodes: list[list[tuple[str, int] | None]] = [[None, None]]
    data = b""
    for net, record in places.items():
        network = ipaddress.IPv4Network(net)
        bits = f"{int(network.network_address):032b}"[: network.prefixlen]
        at = 0
        for bit in bits[:-1]:
            following = nodes[at][int(bit)]
            if following is None:
                nodes.append([None, None])
                following = nodes[at][int(bit)] = ("node", len(nodes) - 1)
            at = following[1]
        nodes[at][int(bits[-1])] = ("data", len(data))
        data += _encoded(record)
    tree = b"".join(
        _pointed(side, len(nodes)).to_bytes(3, "big") for node in nodes for side in node
    )
    about = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "database_type": "Test-City", "description": {"en": "test"}, "ip_version": 4,
        "languages": ["en"], "node_count": len(nodes), "record_size": 24,
    }  # fmt: skip
    about = {name: _Sized(value, _WIDE.get(name, 5)) if isinstance(value, int) else value
             for name, value in about.items()}  # fmt: skip
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return path


def _pointed(side: tuple[str, int] | None, count: int) -> int:
    match side:
        case None:
            return count
        case ("node", number):
            return number
        case (_, offset):
            return count + 16 + offset


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            return _head(2, len(value.encode())) + value.encode()
        case _Sized(number, kind):
            text = number.to_bytes(4, "big").lstrip(b"\0")
            return (bytes([len(text), kind - 7]) if kind > 7 else _head(kind, len(text))) + text
        case float():
            return _head(3, 8) + struct.pack(">d", value)
        case Mapping():
            return _head(7, len(value)) + b"".join(
                _encoded(key) + _encoded(each) for key, each in value.items()
            )
        case _:
            return bytes([len(value), 11 - 7]) + b"".join(_encoded(each) for each in value)


def _head(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])
