"""A client that makes DPoP proofs, good ones and others."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from itertools import count
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from guard.tests.jwt_corpus.good import b64
from guard.tests.local_issuer import NOW

_numbers = count()


class ProvingKey:
    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self) -> dict[str, str]:
        made: dict[str, str] = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return made

    @property
    def jkt(self) -> str:
        """RFC 7638 §3, by hand: what is tested does it another way."""
        jwk = self.jwk()
        text = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
        return b64(hashlib.sha256(text.encode()).digest())

    def proof(
        self,
        url: str,
        *,
        method: str = "GET",
        token: str | None = None,
        now: datetime = NOW,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A good proof, but for what is changed; a change to None leaves the member out."""
        claims: dict[str, Any] = {
            "jti": f"proof-{next(_numbers)}",
            "htm": method,
            "htu": url,
            "iat": int(now.timestamp()),
        }
        if token is not None:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        return self.signed(claims | changes, header or {})

    def signed(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        full = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()} | header
        kept = {name: value for name, value in claims.items() if value is not None}
        head = {name: value for name, value in full.items() if value is not None}
        first, second = (b64(json.dumps(part).encode()) for part in (head, kept))
        return self.sealed(first, second)

    def sealed(self, first: str, second: str) -> str:
        """Two encoded parts with this key's signature."""
        octets = f"{first}.{second}".encode()
        signature = jwt.algorithms.ECAlgorithm(ECAlgorithm.SHA256).sign(octets, self.private)
        return f"{first}.{second}.{b64(signature)}"
