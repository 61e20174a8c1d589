"""When a puzzle is asked for, and how hard it is. Each level is twice the work of the one below."""

from __future__ import annotations

from typing import Final

from portero.core.challenges.model import Occasion, Pressure

HARDEST: Final = 5
# As many slips as a person makes with a password that they know.
_FREE_TRIES: Final = {
    Occasion.LOGIN: 3,
    Occasion.REGISTER: 0,
    Occasion.RECOVERY: 1,
    Occasion.MAIL_SIGN_IN: 1,
}
_STEP_OF_SUBJECT: Final = 3
# An office behind one address makes some; a list of stolen passwords makes thousands.
_FREE_OF_ADDRESS: Final = {
    Occasion.LOGIN: 20,
    Occasion.REGISTER: 3,
    Occasion.RECOVERY: 5,
    Occasion.MAIL_SIGN_IN: 5,
}
# While a list is tried each name and address comes once: no counter of theirs speaks for a robot.
_IN_ALARM: Final = 1
_HARDER_IN_ALARM: Final = 2


def level(occasion: Occasion, pressure: Pressure) -> int | None:
    """How hard a puzzle to ask for, 0 to `HARDEST`; None for none.

    A browser that has signed in to the account before is asked for none: strangers who try its
    owner's password must not make the owner's sign-in slower.
    """
    if pressure.device_known:
        return None
    asked = []
    over = pressure.of_subject - _FREE_TRIES[occasion]
    # A registration's name is new each time, so that only the address tells.
    if over > 0 and occasion is not Occasion.REGISTER:
        asked.append((over - 1) // _STEP_OF_SUBJECT)
    free = _FREE_OF_ADDRESS[occasion]
    if pressure.of_address > free:
        asked.append((pressure.of_address - 1) // free - 1)
    if pressure.alarm and occasion is Occasion.LOGIN:
        asked = [_IN_ALARM, *(each + _HARDER_IN_ALARM for each in asked)]
    return min(max(asked), HARDEST) if asked else None
