"""A challenge says what it is for, to nobody but us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero.core.factors.passkey import Challenges, Purpose
from portero.core.factors.passkey.challenges import CHALLENGE_LIFETIME
from portero.outside.clock import SystemDice
from portero.protocol.webauthn.model import CeremonyRefused, Reason
from tests.support.software_authenticator import b64, unb64

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEY, OLD_KEY = b"k" * 32, b"o" * 32


def made(*keys: bytes) -> Challenges:
    return Challenges(keys or (KEY,), SystemDice())


def refused(challenge: str, purpose: Purpose, *bound_to: str, now: datetime = NOW) -> bool:
    try:
        made().check(challenge, purpose, *bound_to, now=now)
    except CeremonyRefused as refusal:
        return refusal.reason in {Reason.CHALLENGE, Reason.MALFORMED}
    return False


def test_a_challenge_is_random_and_bound() -> None:
    """To its purpose, to each of what it is bound to, and to the place where one ends."""
    seen = {made().make(Purpose.PROVE, "ab", "c", now=NOW) for _ in range(100)}
    assert len(seen) == 100
    assert {len(unb64(each)) >= 16 for each in seen} == {True}
    one = seen.pop()
    until = made().check(one, Purpose.PROVE, "ab", "c", now=NOW)
    assert until == NOW + CHALLENGE_LIFETIME
    assert refused(one, Purpose.ENROL, "ab", "c")
    assert refused(one, Purpose.PROVE, "a", "bc")
    assert refused(one, Purpose.PROVE, "abc")
    assert refused(one, Purpose.PROVE, "ab")


def test_it_ends() -> None:
    """At its minute, and nobody moves it."""
    one = made().make(Purpose.SIGN_IN, "browser", now=NOW)
    assert not refused(one, Purpose.SIGN_IN, "browser", now=NOW + CHALLENGE_LIFETIME / 2)
    assert refused(one, Purpose.SIGN_IN, "browser", now=NOW + CHALLENGE_LIFETIME)
    content = bytearray(unb64(one))
    content[20] ^= 0xFF  # among the bytes of its end
    assert refused(b64(bytes(content)), Purpose.SIGN_IN, "browser")


@pytest.mark.parametrize("odd", ["", "A", "AA", "A" * 3, "=" * 8, "é", "A" * 30_000])
def test_whatever_else_is_refused(odd: str) -> None:
    """Of any length."""
    assert refused(odd, Purpose.SIGN_IN, "browser")


def test_a_former_key_still_counts() -> None:
    """SECRET_KEY may be changed while somebody looks for the phone."""
    one = made(OLD_KEY).make(Purpose.SIGN_IN, "browser", now=NOW)
    assert made(KEY, OLD_KEY).check(one, Purpose.SIGN_IN, "browser", now=NOW)
    assert refused(one, Purpose.SIGN_IN, "browser", now=NOW + timedelta(0))
