"""Signing a JWT over a key object (RFC 7515 compact serialization).

Put together here and not by `jwt.encode`, which looks at the key anew and writes the header anew
for each token: that is half of what a signature costs. PyJWT's algorithm objects still sign.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jwt.algorithms import (
    Algorithm,
    ECAlgorithm,
    HMACAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    RSAPSSAlgorithm,
)

from portero.protocol.jose.algorithms import PrivateKey, SigningAlg

_ALGORITHMS: Final[Mapping[SigningAlg, Algorithm]] = {
    SigningAlg.ES256: ECAlgorithm(ECAlgorithm.SHA256),
    SigningAlg.RS256: RSAAlgorithm(RSAAlgorithm.SHA256),
    SigningAlg.PS256: RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    SigningAlg.EDDSA: OKPAlgorithm(),
}
_HS256: Final = HMACAlgorithm(HMACAlgorithm.SHA256)
_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def sign(claims: Mapping[str, Any], *, key: PrivateKey, kid: str, alg: SigningAlg, typ: str) -> str:
    """A compact JWS. `typ` is explicit for every kind of token (RFC 8725 §3.11), so that one
    kind is never taken for another. Raises `TypeError` for a key of another kind."""
    return _compact(_header(alg.value, typ, kid), claims, _ALGORITHMS[alg], key)


def sign_with_secret(claims: Mapping[str, Any], secret: bytes, *, typ: str) -> str:
    """HS256 with a secret that one client and this server share, for that client's eyes alone."""
    return _compact(_header("HS256", typ), claims, _HS256, secret)


def _compact(header: str, claims: Mapping[str, Any], algorithm: Algorithm, key: Any) -> str:
    signing_input = f"{header}.{_part(_json(dict(claims)).encode())}"
    return f"{signing_input}.{_part(algorithm.sign(signing_input.encode('ascii'), key))}"


@lru_cache(maxsize=64)
def _header(alg: str, typ: str, kid: str | None = None) -> str:
    members = {"alg": alg, "typ": typ} | ({} if kid is None else {"kid": kid})
    return _part(_json(members).encode())


def _part(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
