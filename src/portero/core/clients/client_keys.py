"""The keys that a client registered, wherever they are: by value, by reference, or its secret."""

from __future__ import annotations

import threading
from typing import Final

from portero.core.clients.flows import Clients
from portero.core.clients.model import Client
from portero.core.clients.remote_keys import Jwks, RemoteKeys

CAPACITY: Final = 512  # opened secrets; 43 bytes each


class ClientKeys:
    """For whoever checks what a client signed, or encrypts to it."""

    def __init__(self, clients: Clients, remote: RemoteKeys) -> None:
        self._clients = clients
        self._remote = remote
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], bytes] = {}

    def jwks_of(self, client: Client, *, kid: object = None) -> Jwks:
        """Its public keys, `{}` when it registered none. `kid` is the key that the signed thing
        names, unverified: an unknown one makes a `jwks_uri` be asked again. Raises
        `ClientKeysUnavailable`. Never call it inside a transaction.
        """
        if client.metadata.jwks_uri:
            return self._remote.jwks_at(client.metadata.jwks_uri, kid=kid)
        return client.metadata.jwks

    def hmac_key_of(self, client: Client) -> bytes:
        """Its secret's octets, an HMAC key (OpenID Connect Core §10.1); raises
        `ClientHasNoSecret`. Kept open in memory, under the secret's hash: a rotated one is never
        taken for the old one."""
        place = (client.client_id, client.secret_hash)
        known = self._opened.get(place)
        if known is not None:
            return known
        opened = self._clients.readable_secret(client).reveal().encode()
        with self._lock:
            while len(self._opened) >= CAPACITY:
                del self._opened[next(iter(self._opened))]
            self._opened[place] = opened
        return opened
