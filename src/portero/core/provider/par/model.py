"""A pushed request, and the name that its client is given for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portero.kit.secrets import Secret
from portero.protocol.oauth.parameters import Parameters

REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"  # RFC 9126 §2.2


@dataclass(frozen=True, slots=True)
class PushedUri:
    """What the client is told. Whoever has the URI and the client's id can begin the request."""

    request_uri: Secret
    expires_in: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that waits for its browser. `id` is the hash of its URI, for the transaction that
    marks it used; `parameters` are those that count, without what proved the client."""

    id: str
    client_id: str
    parameters: Parameters
