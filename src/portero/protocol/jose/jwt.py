"""Signing a JWT over a key object (RFC 7515 compact serialization).

Put together here and not by `jwt.encode`, which looks at the key anew and writes the header anew
for each token: that is half of what a signature costs. PyJWT's algorithm objects sign, but for
ES256, which every access token has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import HMACAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm
from pydantic_core import to_json

from portero.kit.base64url import base64url
from portero.protocol.jose.algorithms import PrivateKey, SigningAlg

Sign = Callable[[bytes, Any], bytes]

_ECDSA: Final = ec.ECDSA(SHA256())
_P256_OCTETS: Final = 32


def _es256(signing_input: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The two numbers side by side (RFC 7518 §3.4)."""
    r, s = decode_dss_signature(key.sign(signing_input, _ECDSA))
    return r.to_bytes(_P256_OCTETS, "big") + s.to_bytes(_P256_OCTETS, "big")


_SIGN: Final[Mapping[SigningAlg, Sign]] = {
    SigningAlg.ES256: _es256,
    SigningAlg.RS256: RSAAlgorithm(RSAAlgorithm.SHA256).sign,
    SigningAlg.PS256: RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256).sign,
    SigningAlg.EDDSA: OKPAlgorithm().sign,
}
_HS256: Final = HMACAlgorithm(HMACAlgorithm.SHA256).sign
_strict: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def sign(
    claims: Mapping[str, Any], *, key: PrivateKey, kid: str | None, alg: SigningAlg, typ: str
) -> str:
    """A compact JWS. `typ` is explicit for every kind of token (RFC 8725 §3.11), so that one
    kind is never taken for another. `kid` is None where the one who checks has the key beside it.
    Raises `TypeError` for a key of another kind."""
    return _compact(_header(alg.value, typ, kid), claims, _SIGN[alg], key)


def sign_with_secret(claims: Mapping[str, Any], secret: bytes, *, typ: str) -> str:
    """HS256 with a secret that one client and this server share, for that client's eyes alone."""
    return _compact(_header("HS256", typ), claims, _HS256, secret)


def _compact(header: str, claims: Mapping[str, Any], sign_input: Sign, key: Any) -> str:
    signing_input = f"{header}.{base64url(_json(claims))}"
    return f"{signing_input}.{base64url(sign_input(signing_input.encode('ascii'), key))}"


@lru_cache(maxsize=64)
def _header(alg: str, typ: str, kid: str | None = None) -> str:
    members = {"alg": alg, "typ": typ} | ({} if kid is None else {"kid": kid})
    return base64url(_json(members))


def _json(members: Mapping[str, Any]) -> bytes:
    """Compact JSON. `json` needs seven times as long for it, and is asked where the answer might
    be another: it refuses the numbers that are none, and escapes what has no UTF-8."""
    try:
        written = to_json(members)
    except ValueError:
        return _strict(dict(members)).encode()
    if b"NaN" in written or b"Infinity" in written:
        _strict(dict(members))
    return written
