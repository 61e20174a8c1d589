"""The operator's list of networks that hide who uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.outside.networks import NetworkList

LIST = """\
# exits, of this morning
198.51.100.0/24
198.51.100.128/25   # a part of it
203.0.113.9
2001:db8:7::/48
::ffff:192.0.2.0/120
"""


@pytest.fixture
def networks(tmp_path: Path) -> NetworkList:
    (tmp_path / "list.txt").write_text(LIST)
    return NetworkList(tmp_path / "list.txt")


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("198.51.100.0", True),
        ("198.51.100.255", True),
        ("198.51.101.0", False),
        ("198.51.99.255", False),
        ("203.0.113.9", True),
        ("203.0.113.10", False),
        ("2001:db8:7:ffff::1", True),
        ("2001:db8:8::1", False),
        ("192.0.2.7", True),
        ("::ffff:198.51.100.7", True),  # the same machine, on a socket that takes both
        ("::c633:6407", False),  # the number of 198.51.100.7, and another address
        ("", False),
        ("no address", False),
    ],
)
def test_an_address_is_in_it_or_not(networks: NetworkList, address: str, held: bool) -> None:
    assert networks.holds(address) is held


def test_the_line_that_is_no_network_is_named(tmp_path: Path) -> None:
    """198.51.100.7/24 has bits beside its network: whoever wrote it meant something else."""
    (tmp_path / "list.txt").write_text("203.0.113.9\n\n198.51.100.7/24\n")
    with pytest.raises(ValueError, match=r"line 3 is no network: 198\.51\.100\.7/24"):
        NetworkList(tmp_path / "list.txt")
