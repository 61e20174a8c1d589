"""An ID token that comes back as a hint: who was meant, or who signs out.

It was ours once, so it is checked like ours, but for its age: a hint may be old (OpenID Connect
Core §3.1.2.1, RP-Initiated Logout §4), and so may the key that signed it.

One that was signed with a client's secret is believed of that client alone, and only where the
request names it: the client could have made it itself, and nobody else's word is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portero.core.clients import Client, ClientHasNoSecret
from portero.core.keys.ring import KeyRing
from portero.protocol.oauth.errors import InvalidRequest
from portero.protocol.oauth.metadata_policy import HMAC_ALGS
from portero.protocol.oauth.secret_mac import check_mac
from portero_guard.errors import TokenRefused
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart


class IdTokenHints:
    def __init__(
        self,
        *,
        ring: KeyRing,
        hmac_key_of: Callable[[Client], bytes],
        issuer: str,
    ) -> None:
        self._ring = ring
        self._hmac_key_of = hmac_key_of
        self._issuer = issuer

    def read(self, unverified_hint: str, *, client: Client | None = None) -> Mapping[str, Any]:
        """Its claims; raises `InvalidRequest`. `client` is the one that the request names, if it
        names one; whether the hint is that client's is for the caller to see."""
        try:
            return self._genuine(unverified_hint, client)
        except TokenRefused as refusal:
            raise InvalidRequest("id_token_hint is not an ID token of this server.") from refusal

    def read_own(self, unverified_hint: str, client: Client) -> Mapping[str, Any]:
        """Its claims, when it was issued to that client; else raises `InvalidRequest`."""
        claims = self.read(unverified_hint, client=client)
        if client.client_id != claims["aud"]:
            raise InvalidRequest("id_token_hint was issued to another client.")
        return claims

    def _genuine(self, unverified_hint: str, client: Client | None) -> Mapping[str, Any]:
        jws = take_apart(unverified_hint)
        if jws.header.get("typ") != "JWT" or "crit" in jws.header:
            raise TokenRefused("a token of another kind")  # RFC 8725 §3.11: no access token
        alg = jws.header.get("alg")
        if not isinstance(alg, str):
            raise TokenRefused("alg is not a text")
        if client is not None and alg in HMAC_ALGS:
            self._check_mac(jws, alg, client)
        else:
            self._check_signature(jws, alg)
        claims = json_object(jws.payload)
        named = (claims.get("sub"), claims.get("aud"))
        if claims.get("iss") != self._issuer or not all(_is_text(one) for one in named):
            raise TokenRefused("not of this issuer, about nobody, or for no one client")
        return claims

    def _check_mac(self, jws: UnverifiedJws, alg: str, client: Client) -> None:
        if client.metadata.id_token_signed_response_alg != alg:
            raise TokenRefused("not by the algorithm that the client registered")
        try:
            check_mac(jws, secret=self._hmac_key_of(client))
        except ClientHasNoSecret as refusal:
            raise TokenRefused(refusal.detail) from refusal

    def _check_signature(self, jws: UnverifiedJws, alg: str) -> None:
        found = self._ring.former_key(str(jws.header.get("kid")))
        if found is None or found.alg != alg:
            raise TokenRefused("not signed by a key of ours")
        check_signature(jws, alg=found.alg, key=found.key)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
