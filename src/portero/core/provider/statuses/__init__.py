"""Statuses: the signed list by which an API learns that an access token was revoked.

Owns the indices of the list (leased to processes in blocks, so that issuing costs no SQL), which
token has which, and the list itself. It decides nothing about what ends a token: it reads what the
verbs have noted. This server's own checks do not come here; they have `Liveness`.
"""

from portero.core.provider.statuses.flows import StatusList
from portero.core.provider.statuses.model import Holder, SignedList, StatusTimes

__all__ = ["Holder", "SignedList", "StatusList", "StatusTimes"]
