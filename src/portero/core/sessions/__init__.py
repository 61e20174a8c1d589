"""Sessions: that somebody signed in, how strongly, on what, and until when.

Owns the tables of sessions and of browsers. A session is named by its public id (`sid`); the
browser's cookie is another, secret value, of which only the hash is kept. Does not issue tokens
and does not ask for proofs: `core/login` makes sessions, `core/provider` reads them.
"""

from portero.core.sessions.demand import SignInDemand, satisfies
from portero.core.sessions.errors import NoSuchSession, SessionEnded
from portero.core.sessions.flows import SESSIONS_ENDED, Sessions
from portero.core.sessions.model import EndReason, Lifetimes, Proven, Session
from portero.core.sessions.still_in import check_still_in

__all__ = [
    "SESSIONS_ENDED",
    "EndReason",
    "Lifetimes",
    "NoSuchSession",
    "Proven",
    "Session",
    "SessionEnded",
    "Sessions",
    "SignInDemand",
    "check_still_in",
    "satisfies",
]
