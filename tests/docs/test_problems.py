"""The list of problem codes is the code's own: none is missing, none is invented."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import portero
from portero.core.limits import AddressPolicy, LimitPolicy
from portero.kit.refusals import Refusal
from portero.protocol.oauth.errors import OAuthRefusal
from portero.web.problems import status_of
from portero.web.strict import Unacceptable
from portero.wiring.limits import POLICIES
from portero_guard.errors import NoCredentials, Refused

T = TypeVar("T")

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d+) \| ", re.MULTILINE)
# What acts at import, or needs Alembic around it.
NOT_IMPORTED = ("portero.wsgi", "portero.__main__", "portero.migrations.")
# Made where Flask or the front itself says no, without a class of refusal.
PLAIN = {
    ("credentials_required", NoCredentials.status),
    ("method_not_allowed", 405),
    ("internal_error", 500),
}


def subclasses(base: type[T]) -> Iterator[type[T]]:
    for found in base.__subclasses__():
        yield found
        yield from subclasses(found)


def modules_of_the_program() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(portero.__path__, "portero."):
        if not module.name.startswith(NOT_IMPORTED):
            yield importlib.import_module(module.name)


def codes_of_the_program() -> set[tuple[str, int]]:
    for _ in modules_of_the_program():
        pass  # imported
    server = {
        (kind.code, kind.status if issubclass(kind, Unacceptable) else status_of(kind))
        for kind in subclasses(Refusal)
        if not issubclass(kind, OAuthRefusal)  # those codes are the specifications' own
        if kind.__module__.startswith("portero.")
    }
    guard = {(kind.error, kind.status) for kind in subclasses(Refused) if kind.error}
    return server | guard | PLAIN


def test_the_page_lists_every_code_with_its_status_and_no_other() -> None:
    """A client author finds each code that can come, and the status that comes with it."""
    listed = [(code, int(status)) for code, status in ROW.findall(read("problems.md"))]
    assert len(listed) == len(set(listed))
    assert set(listed) == codes_of_the_program()


def test_the_page_of_limits_has_the_limits_in_force() -> None:
    """Name, tries and seconds of every policy, as the code has them, each once; and how much a
    network may have, where addresses are counted."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \| (\d+) \| (.*)", read("limits.md"), re.MULTILINE)
    listed = [(name, int(tries), int(seconds)) for name, tries, seconds, _ in rows]
    assert sorted(listed) == sorted(
        (each.name, each.tries, each.window_seconds) for each in POLICIES
    )
    for name, _, _, counts in rows:
        of_network = re.search(r"\(a network: (\d+)\)", counts)
        policy = next(each for each in POLICIES if each.name == name)
        expected = policy.of_network().tries if isinstance(policy, AddressPolicy) else None
        assert (int(of_network[1]) if of_network else None) == expected, name


def test_every_policy_of_the_program_can_be_set() -> None:
    """One that a room made and nobody listed could not be changed, nor would anybody read of it."""
    made = {
        each.name: each
        for module in modules_of_the_program()
        for value in vars(module).values()
        for each in (value if isinstance(value, tuple) else (value,))
        if isinstance(each, LimitPolicy)
    }
    assert made == {each.name: each for each in POLICIES}


def read(name: str) -> str:
    return (REFERENCE / name).read_text()
