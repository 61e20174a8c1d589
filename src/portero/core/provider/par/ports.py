"""What pushing needs of its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from portero.core.clients import Client
from portero.core.provider.model import Binding, ClientCall
from portero.protocol.oauth.parameters import Parameters


class Validate(Protocol):
    """The authorization endpoint's own rules, so that what was accepted here is not refused
    there."""

    def counting(self, client: Client, parameters: Parameters) -> Parameters:
        """The parameters that count: those of the request object where there is one."""

    def check(self, client: Client, parameters: Parameters) -> None:
        """Raise an `OAuthRefusal` for what could not be answered with a code."""


# The key of the DPoP proof that the call carries; asked only for a call that carries one: here it
# may be left out even by a client whose tokens are bound (RFC 9449 §10.1).
BindingOf = Callable[[ClientCall, Client], Binding]


class KeysOf(Protocol):
    """The client's own public keys, as a JWK set. `kid` is the one that is looked for: for keys
    behind a `jwks_uri` it decides whether to fetch again."""

    def __call__(self, client: Client, *, kid: object = None) -> Mapping[str, Any]: ...
