"""Dynamic client registration (RFC 7591), and what a client may later do to itself (RFC 7592).

Owns two tables: initial access tokens (who may register, and how often) and registration access
tokens (which client may change itself). The clients are `core/clients`'.
"""

from portero.core.provider.register.flows import (
    CLIENT_MANAGEMENT_BY_ADDRESS,
    CLIENT_REGISTRATION_BY_ADDRESS,
    ClientRegistration,
    Registrants,
)
from portero.core.provider.register.invitations import ClientInvitations
from portero.core.provider.register.model import RegistrationMode

__all__ = [
    "CLIENT_MANAGEMENT_BY_ADDRESS",
    "CLIENT_REGISTRATION_BY_ADDRESS",
    "ClientInvitations",
    "ClientRegistration",
    "Registrants",
    "RegistrationMode",
]
