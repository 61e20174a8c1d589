"""How much chance is in what factors are made of (ASVS 5.0 6.5.3, 6.5.4)."""

from __future__ import annotations

from collections import Counter

from portero.core.audit import Actor
from portero.core.audit.model import Origin
from portero.core.authenticators import FactorKind
from portero.core.factors.one_time_code.rules import code_of
from portero.core.factors.recovery import rules as recovery
from portero.outside.clock import SystemDice
from portero.protocol.otp import base32_key
from tests.support.house import PASSWORD, Home

MANY = 20_000


def test_a_sent_code_is_six_digits_and_each_is_as_likely() -> None:
    """Twenty bits, as near as six digits come: leading zeros too, and no digit at any place more
    often than chance has it (a fifth off would be one in 10^9)."""
    dice = SystemDice()
    codes = [code_of(dice.token()) for _ in range(MANY)]
    assert {len(code) for code in codes} == {6}
    assert len(set(codes)) > MANY * 0.98
    for place in range(6):
        found = Counter(code[place] for code in codes)
        assert set(found) == set("0123456789")
        assert all(0.8 < count / (MANY / 10) < 1.2 for count in found.values()), (place, found)


def test_a_recovery_code_has_128_bits() -> None:
    """Those of the dice, all of them and no others: two tokens never make one code."""
    dice = SystemDice()
    made = [recovery.made_of(dice.token(recovery.BITS)) for _ in range(200)]
    assert recovery.BITS >= 112
    assert len(set(made)) == 200
    letters = [code.replace("-", "") for code in made]
    assert all(len(set(code)) > 8 for code in letters)


def test_the_secret_of_an_app_has_160_bits(home: Home) -> None:
    """RFC 4226 §4 R6 wants 128 and advises 160; each account has one of its own."""
    rooms, actor = home.house.rooms, Actor.anonymous(Origin())
    keys = set()
    for name in ("ana", "ben", "cid"):
        home.register(name)
        session = rooms.sign_in.with_password(actor, name, PASSWORD).session
        keys.add(base32_key(rooms.enrolment.begin(actor, session, FactorKind.TOTP)["secret"]))
    assert (len(keys), {len(key) for key in keys}) == (3, {20})
