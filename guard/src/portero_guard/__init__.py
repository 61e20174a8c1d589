"""portero-guard: checks Portero's access tokens inside your own API.

Owns: whether a request carries a good token of a trusted issuer for this API, and how to say no.
Does not own: what the caller may do with your data. Knows nothing of the server; needs PyJWT and
cryptography only. `portero_guard.flask`, `.asgi` and `.django` are thin faces over `Guard`.
"""

from portero_guard.checks import CheckedToken
from portero_guard.errors import ConfigurationError, Refused
from portero_guard.fetch import Credentials
from portero_guard.guard import CurrentUser, Demand, Guard, Issuer
from portero_guard.resource_metadata import Resource

__all__ = [
    "CheckedToken",
    "ConfigurationError",
    "Credentials",
    "CurrentUser",
    "Demand",
    "Guard",
    "Issuer",
    "Refused",
    "Resource",
]
