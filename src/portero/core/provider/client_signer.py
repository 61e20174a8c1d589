"""What is signed for one client alone, by the algorithm that it registered: ID tokens, UserInfo and
introspection answers, authorization responses. And encrypted, where it registered that too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from portero.core.clients import Client
from portero.core.clients.client_keys import ClientKeys
from portero.core.clients.errors import ClientKeysUnavailable
from portero.core.keys.ring import KeyRing
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign, sign_with_secret
from portero.protocol.oauth.metadata_model import Encrypted
from portero.protocol.oauth.metadata_policy import HMAC_ALGS
from portero.protocol.oauth.registered_keys import encryption_key


class EncryptTo(Protocol):
    def __call__(self, jws: str, *, key: Mapping[str, Any], alg: str, enc: str) -> str:
        """A nested JWT (RFC 7519 §5.2): a compact JWE of the signed one, for the key's owner."""


class ClientSigner:
    def __init__(
        self, *, ring: KeyRing, keys: ClientKeys, encrypt: EncryptTo | None = None
    ) -> None:
        """`encrypt` is there with the extra `jwe`; without it no client can register a need."""
        self._ring = ring
        self._keys = keys
        self._encrypt = encrypt

    def told(
        self,
        client: Client,
        claims: Mapping[str, Any],
        *,
        kind: Encrypted,
        alg: str,
        typ: str,
        now: datetime,
    ) -> str:
        """Signed, and then encrypted if the client registered that for this kind (OpenID Connect
        Core §10.2). Raises `ClientKeysUnavailable` rather than telling it in clear. May fetch the
        client's keys: never call it inside a transaction."""
        signed = self.signed(client, claims, alg=alg, typ=typ, now=now)
        closing = self._closing(client, kind)
        return signed if closing is None else closing(signed)

    def check_can_tell(self, client: Client, kind: Encrypted) -> None:
        """Raises what `told` would, before anything is spent: a client that got no answer tries
        its code again, which would then be a replay that ends its grant."""
        self._closing(client, kind)

    def _closing(self, client: Client, kind: Encrypted) -> Callable[[str], str] | None:
        alg, enc = client.metadata.encryption_of(kind)
        if not alg:
            return None
        key = encryption_key(alg, self._keys.jwks_of(client))
        if key is None or self._encrypt is None:
            raise ClientKeysUnavailable(f"{client.client_id} can not be encrypted to")
        return partial(self._encrypt, key=key, alg=alg, enc=enc)

    def signed(
        self, client: Client, claims: Mapping[str, Any], *, alg: str, typ: str, now: datetime
    ) -> str:
        """`alg` is one that the client registered, never one that a request names."""
        if alg in HMAC_ALGS:
            return sign_with_secret(claims, self._keys.hmac_key_of(client), typ=typ)
        signer = self._ring.signer(SigningAlg(alg), now)
        return sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ=typ)
