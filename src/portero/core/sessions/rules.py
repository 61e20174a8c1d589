"""When a session lives, and when it is used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portero.core.sessions.model import Lifetimes, Session

# Last use is written at most this often, so that reading costs no write. 5 minutes are exact
# enough for "last seen" and small beside any sensible idle lifetime.
TOUCH_EVERY: Final = timedelta(minutes=5)


def is_live(session: Session, now: datetime) -> bool:
    return session.ended_at is None and now < session.idle_until and now < session.expires_at


def needs_touch(session: Session, now: datetime) -> bool:
    return now - session.last_used_at >= TOUCH_EVERY


def idle_until(now: datetime, lifetimes: Lifetimes) -> datetime:
    return now + timedelta(seconds=lifetimes.idle_seconds)


def expires_at(now: datetime, lifetimes: Lifetimes) -> datetime:
    return now + timedelta(seconds=lifetimes.absolute_seconds)
