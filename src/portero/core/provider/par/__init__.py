"""Pushed authorization requests (RFC 9126): a request that its client left here beforehand.

Owns one table of requests, checked when they came, and the `request_uri` that names each. Whether
a request is good is asked of the authorization endpoint, which also takes it from here.
"""

from portero.core.provider.par.flows import PUSHED_BY_ADDRESS, PUSHED_BY_CLIENT, PushedRequests
from portero.core.provider.par.model import REQUEST_URI_PREFIX, Pushed, PushedUri
from portero.core.provider.par.store import purge

__all__ = [
    "PUSHED_BY_ADDRESS",
    "PUSHED_BY_CLIENT",
    "REQUEST_URI_PREFIX",
    "Pushed",
    "PushedRequests",
    "PushedUri",
    "purge",
]
