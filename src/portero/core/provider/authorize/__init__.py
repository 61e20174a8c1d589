"""The authorization endpoint's verb: who asks, who is there, do they agree, and a code.

Owns no table: codes and waiting requests are `codes`', what a person agreed to is `core/consent`'s.
Called by the face that holds the browser's cookie.
"""

from portero.core.provider.authorize.flows import Authorize
from portero.core.provider.authorize.model import (
    Answer,
    ConsentOwed,
    Decision,
    Outcome,
    SignInOwed,
)
from portero.core.provider.authorize.waiting import BEGUN_BY_ADDRESS, WaitingRequests

__all__ = [
    "BEGUN_BY_ADDRESS",
    "Answer",
    "Authorize",
    "ConsentOwed",
    "Decision",
    "Outcome",
    "SignInOwed",
    "WaitingRequests",
]
