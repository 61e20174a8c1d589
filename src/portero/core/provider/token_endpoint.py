"""The token endpoint, as numbered phases that all grants share (RFC 6749 §3.2).

1. One value per parameter: the caller parsed the form strictly.
2. Who is the client, by the method that it registered?
3. Is the grant type known, and may this client use it?
4. Can its ID tokens be encrypted, where it wants that?
5. Proof of possession: which key does the client hold?
6. The grant itself: see `grants/`. It ends at `issuing`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from portero.core.audit import Actor, ActorKind
from portero.core.clients import Client
from portero.core.limits import Volume, VolumePolicy, customer_of
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.model import ClientCall, IssuedToken, TokenRequest
from portero.core.provider.possession import Possession
from portero.protocol.oauth.errors import UnauthorizedClient, UnsupportedGrantType
from portero.protocol.oauth.metadata_model import Encrypted

# 200 a second. A client that keeps its tokens as long as they live needs one in ten minutes for
# each of its users.
TOKENS_BY_CLIENT: Final = VolumePolicy("tokens_by_client", tries=12_000, window_seconds=60)


class Grant(Protocol):
    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Tokens, or an `OAuthRefusal`."""


class TokenEndpoint:
    def __init__(
        self,
        *,
        client_auth: ClientAuth,
        possession: Possession,
        signer: ClientSigner,
        volume: Volume,
        grants: Mapping[str, Grant],
        urls: Collection[str],
    ) -> None:
        """`grants` by the value of `grant_type`. There is no password grant (RFC 9700 §2.4).
        `urls` are this endpoint's, one of which a DPoP proof names."""
        self._client_auth = client_auth
        self._possession = possession
        self._signer = signer
        self._volume = volume
        self._grants = dict(grants)
        self._urls = tuple(urls)

    @property
    def grant_types(self) -> tuple[str, ...]:
        return tuple(self._grants)

    def fresh_nonce(self) -> str:
        """For the DPoP-Nonce header of an answer to a client that proves a key (RFC 9449 §8.2)."""
        return self._possession.fresh_nonce()

    def answer(self, call: ClientCall) -> IssuedToken:
        """The tokens; raises `OAuthRefusal` and `OverLimit`."""
        grant_type = call.form.require("grant_type")
        client = self._client_auth.authenticate(call)
        self._volume.spend(TOKENS_BY_CLIENT, _counted_as(client, call.actor))
        grant = self._grants.get(grant_type)
        if grant is None:
            raise UnsupportedGrantType(grant_type[:100])
        if grant_type not in client.metadata.grant_types:
            raise UnauthorizedClient(f"not registered for {grant_type}")
        self._signer.check_can_tell(client, Encrypted.ID_TOKEN)
        binding = self._possession.prove(call, client, urls=self._urls)
        return grant.redeem(TokenRequest(acting(call.actor, client), client, call.form, binding))


def _counted_as(client: Client, actor: Actor) -> str:
    """Anybody can speak in the name of a public client, and must not use up what its users may."""
    address = customer_of(actor.origin.address) if client.metadata.is_public else ""
    return f"{client.client_id} {address}".strip()


def acting(actor: Actor, client: Client) -> Actor:
    """The client as the one who acts, from where the request came."""
    return Actor(
        ActorKind.CLIENT, client.client_id, client_id=client.client_id, origin=actor.origin
    )
