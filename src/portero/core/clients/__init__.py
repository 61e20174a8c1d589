"""Clients: which applications may ask for tokens, and what each of them registered.

Owns the clients table, their secrets, each process's memory of them (`ClientCache`), which is what
hot paths ask, and the way to a client's keys (`ClientKeys`), by value or at its `jwks_uri`. What
metadata may say is `protocol/oauth`'s; proving that a request comes from a client is
`core/provider`'s. The first-party client `portero` is built in and has no row.
"""

from portero.core.clients.builtin import FIRST_PARTY_CLIENT_ID
from portero.core.clients.cache import ClientCache
from portero.core.clients.client_keys import ClientKeys
from portero.core.clients.documents import ClientDocuments, DocumentsBusy
from portero.core.clients.errors import (
    ClientChanged,
    ClientHasNoSecret,
    ClientIdReserved,
    ClientIdTaken,
    NoSuchClient,
)
from portero.core.clients.flows import Clients
from portero.core.clients.model import Client, ClientState, CreatedBy, CreatedClient
from portero.core.clients.remote_keys import RemoteKeys

__all__ = [
    "FIRST_PARTY_CLIENT_ID",
    "Client",
    "ClientCache",
    "ClientChanged",
    "ClientDocuments",
    "ClientHasNoSecret",
    "ClientIdReserved",
    "ClientIdTaken",
    "ClientKeys",
    "ClientState",
    "Clients",
    "CreatedBy",
    "CreatedClient",
    "DocumentsBusy",
    "NoSuchClient",
    "RemoteKeys",
]
