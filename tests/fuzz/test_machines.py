"""Whatever is done in whatever order: what the models of sign-in and of tokens say holds."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz import sign_in_machine, steps, token_machine
from tests.support.house import MakeHome


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is which step follows from which, not how it is stored."""
    return sqlite_url


def test_sign_in_in_any_order(make_home: MakeHome) -> None:
    """Passwords, an app, step-up, resets, two tabs, an operator, and time."""
    machine = sign_in_machine.SignIn
    machine.home = steps.ticking(make_home(**sign_in_machine.SETTINGS))
    run_state_machine_as_test(machine, settings=steps.settings(examples=25))


def test_tokens_in_any_order(make_home: MakeHome) -> None:
    """Codes, refresh tokens and their copies, two applications, leaked keys, ends, and time."""
    machine = token_machine.Tokens
    machine.home = steps.ticking(make_home(**token_machine.SETTINGS))
    run_state_machine_as_test(machine, settings=steps.settings(examples=25))
