"""When a session lives, and when it is used."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from portero.core.sessions.model import Lifetimes, Proven, Session

# Last use is written at most this often, so that reading costs no write. 5 minutes are exact
# enough for "last seen".
_TOUCH_AT_MOST_EVERY: Final = timedelta(minutes=5)
# Of a short idle lifetime, this share may go by unwritten: who comes that often is never idle.
_TOUCH_SHARE_OF_IDLE: Final = 1 / 4
# Open sessions of one account. More than anybody has devices and browsers, and few enough for a
# page, and for ending all of them in a moment, whatever a script signs in with.
MOST_SESSIONS: Final = 100
# Ended sessions are forgotten after a month; a script may have made more of them than this.
MOST_KNOWN: Final = 10_000


def touch_every(lifetimes: Lifetimes) -> timedelta:
    share = timedelta(seconds=lifetimes.idle_seconds * _TOUCH_SHARE_OF_IDLE)
    return min(_TOUCH_AT_MOST_EVERY, share)


def needs_touch(session: Session, now: datetime, lifetimes: Lifetimes) -> bool:
    return now - session.last_used_at >= touch_every(lifetimes)


def idle_until(now: datetime, lifetimes: Lifetimes) -> datetime:
    return now + timedelta(seconds=lifetimes.idle_seconds)


def expires_at(now: datetime, lifetimes: Lifetimes, proven: Proven, *, lasts: bool) -> datetime:
    longest = lifetimes.absolute_seconds
    at = now + timedelta(seconds=longest if lasts else min(longest, lifetimes.brief_seconds))
    return at if proven.put_off_until is None else min(at, proven.put_off_until)


def renewed(session: Session, proven: Proven) -> Proven:
    """What is proven in the session that takes the place of another: what the former one's person
    put off, they have put off no longer than that."""
    if not session.second_factor_put_off:
        return proven
    return replace(proven, put_off_until=session.expires_at)


def lasts(session: Session, lifetimes: Lifetimes) -> bool:
    """Whether it was begun by somebody who wants to stay signed in."""
    lifetime = session.expires_at - session.created_at
    return lifetime > timedelta(seconds=lifetimes.brief_seconds)
