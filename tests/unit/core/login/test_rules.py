"""What a sign-in still owes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portero.core.accounts.model import Account, AccountState
from portero.core.authenticators import FactorKind
from portero.core.login import rules
from portero.core.login.model import Facts, Owed, SignInPolicy, Wanted
from portero.core.login.sign_in import PASSWORD_PROVEN

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def facts(*, email_verified: bool, must_change: bool) -> Facts:
    account = Account(
        id="1",
        username="ana",
        username_key="ana",
        state=AccountState.ACTIVE,
        created_at=NOW,
        updated_at=NOW,
        email="ana@example.org",
        email_key="ana@example.org",
        email_verified=email_verified,
    )
    return Facts(account, must_change, PASSWORD_PROVEN, Wanted(), ())


@pytest.mark.parametrize(
    ("required", "verified", "must_change", "expected"),
    [
        (False, False, False, None),
        (False, False, True, Owed.CHANGE_PASSWORD),
        (True, True, False, None),
        (True, True, True, Owed.CHANGE_PASSWORD),
        (True, False, False, Owed.VERIFY_EMAIL),
        # The mailbox first: whoever can't prove it must not get to choose the password.
        (True, False, True, Owed.VERIFY_EMAIL),
    ],
)
def test_what_is_owed(
    required: bool, verified: bool, must_change: bool, expected: Owed | None
) -> None:
    """One step at a time, in one order."""
    policy = SignInPolicy(require_verified_email=required)
    assert rules.owed(facts(email_verified=verified, must_change=must_change), policy) == expected


@pytest.mark.parametrize("step", Owed)
def test_every_step_names_how_it_is_answered(step: Owed) -> None:
    """A client that is told a step is told the members to send."""
    assert rules.options(step)


def test_policies_have_names_of_their_own() -> None:
    """PORTERO_LIMITS names them, and counters are kept by name."""
    names = [policy.name for policy in rules.POLICIES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("enrolled", "level"),
    [
        ((), ""),
        ((FactorKind.EMAIL,), "aal1"),
        ((FactorKind.TOTP,), "aal2"),
        ((FactorKind.PASSKEY, FactorKind.TOTP), "aal2"),
        # The attack: a trusted browser and the password take the app away, because a code by mail
        # is enrolled beside it.
        ((FactorKind.TOTP, FactorKind.EMAIL), "aal2"),
        ((FactorKind.EMAIL, FactorKind.RECOVERY_CODE), "aal1"),
        ((FactorKind.PASSKEY,), "phr"),
        # Who has lost it comes in by a recovery code, and has to be able to remove it.
        ((FactorKind.PASSKEY, FactorKind.RECOVERY_CODE), "aal2"),
    ],
)
def test_a_mailbox_lowers_nothing_that_the_account_demands(
    enrolled: tuple[FactorKind, ...], level: str
) -> None:
    """What harms most needs the level that can always be reached by the others."""
    assert rules.level_enrolled(enrolled, SignInPolicy()) == level
