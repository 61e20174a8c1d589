"""When a failed job is tried again, and when it is given up."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from portero.core.outbox.model import DeliveryFailure, TransientFailure

# 36 s, 90 s, 4 min, ... 13 h: ten tries over some 25 hours, so that a mail server that is down for
# a working day, or greylists, loses nothing.
MAX_ATTEMPTS: Final = 10
FIRST_DELAY: Final = timedelta(seconds=36)
GROWTH: Final = 2.5
# A quarter more or less, so that what failed together does not come back together.
JITTER: Final = 0.25

# A worker that was killed gives its jobs back after this long; deliveries are far shorter.
LEASE: Final = timedelta(minutes=5)
# No delivery begins with less of its lease left than this: it could end in another's hands.
LONGEST_DELIVERY: Final = timedelta(minutes=2)

# Done jobs are empty and kept for questions only; dead ones may still be sent again.
KEEP_DONE: Final = timedelta(days=7)
KEEP_DEAD: Final = timedelta(days=30)

_ERROR_CHARS: Final = 200


def delay_after(attempts: int, *, roll: str) -> timedelta:
    """How long to wait after that many failed tries; `roll` is an unguessable text."""
    draw = int.from_bytes(hashlib.sha256(roll.encode()).digest()[:4], "big") / 2**32
    return FIRST_DELAY * (GROWTH ** (attempts - 1) * (1 - JITTER + 2 * JITTER * draw))


def pause_after(error: Exception, *, attempts: int, roll: str) -> timedelta:
    """What the failure asks for, or else the usual."""
    if isinstance(error, TransientFailure) and error.again_in is not None:
        return error.again_in
    return delay_after(attempts, roll=roll)


def reason_of(error: Exception) -> str:
    """What may be stored and logged of a failure: its own reason, or else only its type, because
    the text of a foreign error may quote the payload."""
    if isinstance(error, DeliveryFailure):
        return error.reason[:_ERROR_CHARS]
    return type(error).__name__
