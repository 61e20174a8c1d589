"""A client's own keys, sent by value as `jwks` (RFC 7591 §2, RFC 7517 §5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.exceptions import InvalidKeyError

from portero.protocol.jose.jwk import public_key_of
from portero.protocol.oauth.faults import Unacceptable

MAX_KEYS: Final = 20  # keys; enough for any rotation, few enough to try in turn
_MIN_RSA_BITS: Final = 2048  # RFC 7518 §3.3
# base64url, names and certificates: far more than any key needs
_MAX_MEMBER_LENGTH: Final = 16_384

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# What is kept. Anything else has no meaning here, and is not stored unread.
_TEXT_MEMBERS: Final = ("kty", "use", "alg", "kid", "crv", "x", "y", "n", "e", "x5t#S256")
_LIST_MEMBERS: Final = ("key_ops", "x5c")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")
_LOADABLE: Final = frozenset(
    {("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("OKP", "Ed25519"), ("RSA", None)}
)


def checked_jwks(value: object) -> dict[str, list[dict[str, Any]]]:
    """The public keys that Portero can use, with the members that it knows; raises `Unacceptable`.

    Keys of an unknown kind are passed over (RFC 7517 §5). A private or symmetric key is refused
    loudly: whoever sent it has just given it away.
    """
    keys = value.get("keys") if isinstance(value, Mapping) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise Unacceptable("jwks_malformed", "This must be a JWK set with a list of keys.")
    known = [_checked_key(key) for key in keys]
    usable = [key for key in known if key]
    if not usable:
        raise Unacceptable("jwks_unusable", "The JWK set has no key that can be used here.")
    return {"keys": usable}


def is_loadable(key: Mapping[str, Any]) -> bool:
    """Whether the key is of a kind that can sign here. Others are kept for encryption, or kept
    for nothing: an X25519 key beside the signing key is no fault."""
    return (key.get("kty"), key.get("crv")) in _LOADABLE


def _checked_key(key: object) -> dict[str, Any]:
    """The key's known members; empty for a kind of key that is not known here."""
    if not isinstance(key, Mapping):
        raise Unacceptable("jwks_malformed", "Each key must be a JSON object.")
    if _PRIVATE_MEMBERS & key.keys() or key.get("kty") == "oct":
        raise Unacceptable(
            "jwks_private", "The keys must be public. Replace the one that was sent."
        )
    kept: dict[str, Any] = {name: _text(key[name]) for name in _TEXT_MEMBERS if name in key}
    for name in _LIST_MEMBERS:
        if name in key:
            if not isinstance(key[name], list) or len(key[name]) > MAX_KEYS:
                raise Unacceptable("jwks_malformed", "A member of a key is malformed.")
            kept[name] = [_text(item) for item in key[name]]
    if kept.get("kty") not in {"EC", "OKP", "RSA"}:
        return {}
    if is_loadable(kept):
        _load(kept)
    return kept


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_MEMBER_LENGTH or not _PLAIN.fullmatch(value):
        raise Unacceptable("jwks_malformed", "A member of a key is malformed.")
    return value


def _load(key: Mapping[str, Any]) -> None:
    """A key that can't be loaded (off its curve, say) fails now, not at the first sign-in."""
    try:
        loaded = public_key_of(key)
    except (InvalidKeyError, UnsupportedAlgorithm, ValueError, KeyError) as error:
        raise Unacceptable("jwks_malformed", "A key of the JWK set is not a valid key.") from error
    if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size < _MIN_RSA_BITS:
        raise Unacceptable("jwks_weak", "RSA keys need at least 2048 bits.")
