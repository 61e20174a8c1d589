"""An ID token that comes back as a hint: who was meant, or who signs out.

It was ours once, so it is checked like ours, but for its age: a hint may be old (OpenID Connect
Core §3.1.2.1, RP-Initiated Logout §4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.keys.ring import KeyRing
from portero.kit.ports import Clock
from portero.protocol.oauth.errors import InvalidRequest
from portero_guard.errors import TokenRefused
from portero_guard.jws import check_signature, json_object, take_apart


class IdTokenHints:
    def __init__(self, *, ring: KeyRing, clock: Clock, issuer: str) -> None:
        self._ring = ring
        self._clock = clock
        self._issuer = issuer

    def read(self, unverified_hint: str, *, client_id: str = "") -> Mapping[str, Any]:
        """Its claims; raises `InvalidRequest`. `client_id`: it has to be that client's."""
        try:
            claims = self._genuine(unverified_hint)
        except TokenRefused as refusal:
            raise InvalidRequest("id_token_hint is not an ID token of this server.") from refusal
        if client_id and client_id not in _audiences(claims):
            raise InvalidRequest("id_token_hint was issued to another client.")
        return claims

    def _genuine(self, unverified_hint: str) -> Mapping[str, Any]:
        jws = take_apart(unverified_hint)
        alg, kid = jws.header.get("alg"), jws.header.get("kid")
        if jws.header.get("typ") != "JWT" or "crit" in jws.header:
            raise TokenRefused("a token of another kind")  # RFC 8725 §3.11: no access token
        found = self._ring.verification_key(str(kid), self._clock.now())
        if found is None or found.alg != alg:
            raise TokenRefused("not signed by a key of ours")
        check_signature(jws, alg=found.alg, key=found.key)
        claims = json_object(jws.payload)
        if claims.get("iss") != self._issuer or not isinstance(claims.get("sub"), str):
            raise TokenRefused("not of this issuer, or about nobody")
        return claims


def _audiences(claims: Mapping[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]
