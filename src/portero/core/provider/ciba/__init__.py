"""Backchannel authentication (CIBA Core 1.0): an application asks for somebody who is elsewhere.

Owns the table of requests, each meant for one account. The person is told by mail, and answers on a
page of ours; the application polls, and is rung up when it registered for that (ping mode). Push
mode, where tokens are sent to the application, is not offered.
"""

from portero.core.provider.ciba.answering import CibaAnswering
from portero.core.provider.ciba.asking import CibaAsking
from portero.core.provider.ciba.errors import RequestNotWaiting
from portero.core.provider.ciba.model import CibaAsked, CibaStarted
from portero.core.provider.ciba.pings import CIBA_PING, Pings
from portero.core.provider.ciba.rules import POLICIES
from portero.core.provider.ciba.store import purge

__all__ = [
    "CIBA_PING",
    "POLICIES",
    "CibaAnswering",
    "CibaAsked",
    "CibaAsking",
    "CibaStarted",
    "Pings",
    "RequestNotWaiting",
    "purge",
]
