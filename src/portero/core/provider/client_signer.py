"""What is signed for one client alone, by the algorithm that it registered: ID tokens, UserInfo and
introspection answers, authorization responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from portero.core.clients import Client
from portero.core.keys.ring import KeyRing
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign, sign_with_secret
from portero.protocol.oauth.metadata_policy import HMAC_ALGS


class ClientSigner:
    def __init__(self, *, ring: KeyRing, hmac_key_of: Callable[[Client], bytes]) -> None:
        """`hmac_key_of` opens the sealed secret of a client that registered HMAC."""
        self._ring = ring
        self._hmac_key_of = hmac_key_of

    def signed(
        self, client: Client, claims: Mapping[str, Any], *, alg: str, typ: str, now: datetime
    ) -> str:
        """`alg` is one that the client registered, never one that a request names."""
        if alg in HMAC_ALGS:
            return sign_with_secret(claims, self._hmac_key_of(client), typ=typ)
        signer = self._ring.signer(SigningAlg(alg), now)
        return sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ=typ)
