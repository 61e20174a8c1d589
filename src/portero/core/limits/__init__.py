"""Limits: how often something may be tried.

Owns the counters and their one verb, `spend`: a single conditional upsert, or a script on Redis, so
that parallel tries are all counted and right across workers and restarts. Policies are values that
the calling room names; this room decides what an address counts as, and nothing else.
"""

from portero.core.limits.flows import Limits
from portero.core.limits.model import AddressPolicy, LimitPolicy, OverLimit, VolumePolicy
from portero.core.limits.rules import Prefixes, customer_of, network_of
from portero.core.limits.volume import Volume

__all__ = [
    "AddressPolicy",
    "LimitPolicy",
    "Limits",
    "OverLimit",
    "Prefixes",
    "Volume",
    "VolumePolicy",
    "customer_of",
    "network_of",
]
