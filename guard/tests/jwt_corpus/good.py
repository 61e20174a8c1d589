"""A good JWT of some place that takes them, and the means to make it a little less good."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, get_default_algorithms

_ALGORITHMS = get_default_algorithms()
# A change to this takes the member out; a change to None writes `null`.
LEFT_OUT: EllipsisType = ...


def b64(octets: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Key:
    """What signs, and the names under which others know it. `private` is a private key object,
    or the octets of an HMAC key."""

    kid: str
    alg: str
    private: Any

    @property
    def public(self) -> Any:
        """None where there is nothing public."""
        return None if isinstance(self.private, bytes) else self.private.public_key()

    def signature(self, octets: bytes, alg: str = "") -> bytes:
        return bytes(_ALGORITHMS[alg or self.alg].sign(octets, self.private))

    def jwk(self) -> dict[str, Any]:
        public = self.public
        kind: Any = OKPAlgorithm
        if isinstance(public, rsa.RSAPublicKey):
            kind = RSAAlgorithm
        elif isinstance(public, ec.EllipticCurvePublicKey):
            kind = ECAlgorithm
        bare: dict[str, Any] = kind.to_jwk(public, as_dict=True)
        bare.pop("key_ops", None)
        return {**bare, "kid": self.kid, "alg": self.alg, "use": "sig"}


def ec_key(kid: str) -> Key:
    return Key(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def rsa_key(kid: str, *, bits: int = 2048) -> Key:
    return Key(kid, "RS256", rsa.generate_private_key(public_exponent=65537, key_size=bits))


def ed_key(kid: str) -> Key:
    return Key(kid, "EdDSA", ed25519.Ed25519PrivateKey.generate())


@dataclass(frozen=True, slots=True)
class Raw:
    """A JSON text as it is to be written, whether it is JSON or not."""

    text: str


@dataclass(frozen=True, slots=True)
class Good:
    """`claims` makes those of a new token, with a `jti` of its own. `spare` is a second key that
    the signer has published, of another kind than `key`."""

    key: Key
    header: Mapping[str, Any]
    claims: Callable[[], Mapping[str, Any]]
    spare: Key | None = None

    def token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        key: Key | None = None,
        alg: str = "",
    ) -> str:
        """A good one, but for what is changed."""
        head = {**self.header, **(header or {})}
        body = {**self.claims(), **(claims or {})}
        return self.sealed(written(head), written(body), key=key, alg=alg)

    def sealed(
        self,
        head: str | bytes | None = None,
        body: str | bytes | None = None,
        *,
        key: Key | None = None,
        alg: str = "",
    ) -> str:
        """These two texts, whatever they are, under a genuine signature."""
        first, second = self.encoded(head, body)
        octets = f"{first}.{second}".encode()
        return f"{first}.{second}.{b64((key or self.key).signature(octets, alg))}"

    def encoded(
        self, head: str | bytes | None = None, body: str | bytes | None = None
    ) -> tuple[str, str]:
        """Header and claims as they travel; the good ones where none are given."""
        head = written(self.header) if head is None else head
        body = written(self.claims()) if body is None else body
        return b64(_octets(head)), b64(_octets(body))


def written(members: Mapping[str, Any]) -> str:
    """One JSON object."""
    texts = (
        f"{json.dumps(name)}:{value.text if isinstance(value, Raw) else json.dumps(value)}"
        for name, value in members.items()
        if value is not LEFT_OUT
    )
    return "{" + ",".join(texts) + "}"


def _octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
