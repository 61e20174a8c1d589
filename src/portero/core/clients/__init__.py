"""Clients: which applications may ask for tokens, and what each of them registered.

Owns the clients table, their secrets, and each process's memory of them (`ClientCache`), which is
what hot paths ask. What metadata may say is `protocol/oauth`'s; proving that a request comes from
a client is `core/provider`'s. The first-party client `portero` is built in and has no row.
"""

from portero.core.clients.builtin import FIRST_PARTY_CLIENT_ID
from portero.core.clients.cache import ClientCache
from portero.core.clients.errors import (
    ClientChanged,
    ClientHasNoSecret,
    ClientIdReserved,
    ClientIdTaken,
    NoSuchClient,
)
from portero.core.clients.flows import Clients
from portero.core.clients.model import Client, ClientState, CreatedBy, CreatedClient

__all__ = [
    "FIRST_PARTY_CLIENT_ID",
    "Client",
    "ClientCache",
    "ClientChanged",
    "ClientHasNoSecret",
    "ClientIdReserved",
    "ClientIdTaken",
    "ClientState",
    "Clients",
    "CreatedBy",
    "CreatedClient",
    "NoSuchClient",
]
