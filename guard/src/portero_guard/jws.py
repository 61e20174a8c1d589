"""Taking a compact JWS apart, strictly, and checking its signature (RFC 7515, RFC 8725). Pure.

PyJWT's algorithm objects do the cryptography over key objects. Everything that decides which key
and which algorithm is here, where it can be read.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import (
    Algorithm,
    ECAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    RSAPSSAlgorithm,
)

from portero_guard.errors import TokenRefused

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

# characters. Our tokens have about 900; a head of 16 kB must still fit one. Checked before any
# decoding, so that garbage costs nothing.
TOKEN_CAP: Final = 8192

# Objects and lists within each other. A token has three, a client's keys and claims five.
NESTING_CAP: Final = 32

# bits; NIST SP 800-131A: shorter RSA keys are disallowed
RSA_FLOOR: Final = 2048

_SIGNATURES: Final[Mapping[str, Algorithm]] = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
}

_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")

# By the part's length modulo 4, what its last character may be. It holds 0, 4 or 2 bits that mean
# nothing; they must be zero: else one signature has several spellings, and a deny list keyed on
# the text knows only one. A remainder of 1 is no base64.
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
_TO_STANDARD: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class UnverifiedJws:
    """The parts of a well-formed compact JWS, before anyone has looked at the signature."""

    header: Mapping[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes


def take_apart(unverified_token: str, *, cap: int = TOKEN_CAP) -> UnverifiedJws:
    """Three parts in the strict base64url alphabet, with a JSON header; else `TokenRefused`.
    `cap` counts characters: a signed list is longer than a token."""
    if len(unverified_token) > cap:
        raise TokenRefused("longer than any token of ours")
    parts = _COMPACT.fullmatch(unverified_token)
    if parts is None:
        raise TokenRefused("not three parts of unpadded base64url")
    header, payload, signature = parts.groups()
    return UnverifiedJws(
        header=_header(header),
        payload=decoded(payload),
        signing_input=unverified_token[: parts.end(2)].encode("ascii"),
        signature=decoded(signature),
    )


def json_object(octets: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8. Two members of one name are refused: parsers disagree on which
    of them counts (RFC 7515 §4, RFC 7519 §4). So are NaN and Infinity, which are not JSON, and
    texts that no database or header takes."""
    try:
        value = json_value(octets.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TokenRefused(f"not a JSON object: {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise TokenRefused("JSON, but not an object")
    return value


def json_value(text: str) -> Any:
    """Any JSON value, as strictly; raises ValueError, and RecursionError for what is too deep even
    to be read."""
    value = _JSON.decode(text)
    if text.count("{") + text.count("[") > NESTING_CAP:
        _check_nesting(value)
    if "\\u" in text:
        _check_texts(value)
    return value


def check_signature(jws: UnverifiedJws, *, alg: str, key: PublicKey) -> None:
    """The signature is the key's, and the key is of the algorithm's kind; else `TokenRefused`."""
    if not fits(alg, key):
        raise TokenRefused("the key is of another kind than the algorithm needs")
    if not _SIGNATURES[alg].verify(jws.signing_input, key, jws.signature):
        raise TokenRefused("the signature does not verify")


def fits(alg: str, key: object) -> bool:
    """Whether the key is of the kind that the algorithm needs (RFC 8725 §3.1)."""
    match alg:
        case "ES256":
            return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
        case "RS256" | "PS256":
            return isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_FLOOR
        case "EdDSA":
            return isinstance(key, ed25519.Ed25519PublicKey)
    return False


@lru_cache(maxsize=64)  # every token of a key has the same header
def _header(part: str) -> Mapping[str, Any]:
    return MappingProxyType(json_object(decoded(part)))


def decoded(part: str) -> bytes:
    """Unpadded base64url, of whose letters the caller or the next line makes sure."""
    remainder = len(part) % 4
    if remainder and part[-1] not in _LAST[remainder]:
        raise TokenRefused("not the one spelling that base64url has for these octets")
    return a2b_base64(part.translate(_TO_STANDARD) + "=" * (-remainder % 4))


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name occurs twice")
    return members


def _check_nesting(value: object) -> None:
    """What is just shallow enough to be read here is too deep for whoever walks through it later,
    with less of the stack left."""
    layer: list[object] = [value]
    for _ in range(NESTING_CAP + 1):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return
    raise ValueError("nested too deep")


def _check_texts(value: object) -> None:
    """An escape can write what UTF-8 can't: half of a surrogate pair (RFC 7493 §2.1), and NUL. Each
    fails far from here, where it is stored or compared, as an error of ours."""
    if isinstance(value, str):
        value.encode()  # a UnicodeEncodeError is a ValueError
        if "\0" in value:
            raise ValueError("a NUL in a text")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_JSON: Final = json.JSONDecoder(object_pairs_hook=_unique_members, parse_constant=_not_json)
