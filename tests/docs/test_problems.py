"""The list of problem codes is the code's own: none is missing, none is invented."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import portero
from portero.core.admin.personal_data import DOWNLOADS_BY_ACCOUNT
from portero.core.factors.one_time_code import POLICIES as CODES
from portero.core.login.rules import POLICIES
from portero.core.provider.authorize import BEGUN_BY_ADDRESS
from portero.core.provider.ciba import POLICIES as CIBA_POLICIES
from portero.core.provider.client_auth import CLIENT_AUTH_BY_ADDRESS
from portero.core.provider.device import POLICIES as DEVICE_POLICIES
from portero.core.provider.par import PUSHED_BY_ADDRESS, PUSHED_BY_CLIENT
from portero.core.provider.register import (
    CLIENT_MANAGEMENT_BY_ADDRESS,
    CLIENT_REGISTRATION_BY_ADDRESS,
)
from portero.kit.refusals import Refusal
from portero.protocol.oauth.errors import OAuthRefusal
from portero.web.problems import status_of
from portero.web.strict import Unacceptable
from portero_guard.errors import NoCredentials, Refused

T = TypeVar("T")

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d+) \| ", re.MULTILINE)
PUSHING = (PUSHED_BY_ADDRESS, PUSHED_BY_CLIENT)
PROVIDER = (BEGUN_BY_ADDRESS, CLIENT_AUTH_BY_ADDRESS, *PUSHING, *DEVICE_POLICIES, *CIBA_POLICIES)
REGISTERING = (CLIENT_MANAGEMENT_BY_ADDRESS, CLIENT_REGISTRATION_BY_ADDRESS)
POLICED = (*POLICIES, *CODES, *PROVIDER, *REGISTERING, DOWNLOADS_BY_ACCOUNT)
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


def codes_of_the_program() -> set[tuple[str, int]]:
    for module in pkgutil.walk_packages(portero.__path__, "portero."):
        if not module.name.startswith(NOT_IMPORTED):
            importlib.import_module(module.name)
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
    """Name, tries and seconds of every policy, as the code has them."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \| (\d+) \|", read("limits.md"), re.MULTILINE)
    in_force = {(one.name, one.tries, one.window_seconds) for one in POLICED}
    assert {(name, int(tries), int(seconds)) for name, tries, seconds in rows} == in_force


def read(name: str) -> str:
    return (REFERENCE / name).read_text()
