"""Requests that a client asks about again and again, until a person has decided elsewhere.

Owns what devices (RFC 8628 §3.4, §3.5) and backchannel authentication (CIBA §10, §11) have in
common: the life of such a request, its one statement for each poll, and what a decision does. How
a request begins and how its person finds it is the business of each flow, and so is its table.
"""

from portero.core.provider.polling.deciding import decide_in
from portero.core.provider.polling.errors import FreshSignInNeeded
from portero.core.provider.polling.model import Poll, PolledRequest, PollOutcome, RequestState
from portero.core.provider.polling.rules import check_enough, demand_of

__all__ = [
    "FreshSignInNeeded",
    "Poll",
    "PollOutcome",
    "PolledRequest",
    "RequestState",
    "check_enough",
    "decide_in",
    "demand_of",
]
