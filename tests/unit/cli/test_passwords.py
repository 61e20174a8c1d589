"""Passwords that an operator types: the same rules, and the owner chooses the next one."""

from __future__ import annotations

import pytest

from tests.support.house import OTHER_PASSWORD, PASSWORD
from tests.unit.cli.conftest import Portero


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "too_short"),
        ("passwordpassword", "guessable"),
        ("123456789012345", "common"),
        ("annabel-portero-2026", "contains_context"),
    ],
)
def test_an_operator_can_not_set_a_common_password(
    portero: Portero, password: str, code: str
) -> None:
    """ASVS 6.2.4, 6.2.11: neither for a new account nor for one that is there, of which nothing
    changes."""
    create = ("users", "create", "annabel", "--password-stdin", "--json")
    refused = portero(*create, stdin=password)
    assert (refused.status, [each["code"] for each in refused.problem["errors"]]) == (1, [code])
    assert portero(*create, stdin=PASSWORD).status == 0
    setting = ("users", "set-password", "annabel", "--password-stdin", "--json")
    refused = portero(*setting, stdin=password)
    assert (refused.status, [each["code"] for each in refused.problem["errors"]]) == (1, [code])
    assert portero(*setting, stdin=OTHER_PASSWORD).status == 0
